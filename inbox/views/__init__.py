"""Pages of the inbox, a file each."""
