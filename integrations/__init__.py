"""Wires of outside systems, a folder each: they know the outside format and nothing of our tables, tenants or rules."""
