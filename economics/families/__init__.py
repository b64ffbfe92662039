"""The metrics themselves, a file a family."""
