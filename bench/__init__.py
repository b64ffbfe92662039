"""Speed as ratios: what the product does against the bare machine doing the same, in one run on one server."""
