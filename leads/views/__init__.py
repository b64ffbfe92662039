"""Pages of tracked links; the public address that counts a click."""
