"""Pages of this room, for the owner."""
