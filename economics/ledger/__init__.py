"""A salon's history from a file: checked whole, then written whole, and nothing is sent because of it."""
