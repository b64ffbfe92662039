"""Outside systems played by real HTTP servers, for tests, demo and bench. Production code never imports them."""
