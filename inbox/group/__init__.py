"""A group of colleagues in a messenger: clients' threads are shown and answered there, and stay one with the inbox."""
