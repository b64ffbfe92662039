"""Readers of each wire. They run in `.venv-readers`: nothing of the product or of its tests can be imported here."""
