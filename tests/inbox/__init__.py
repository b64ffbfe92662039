"""The manager's desk, through HTTP."""
