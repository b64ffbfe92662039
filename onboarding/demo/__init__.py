"""The demo tenant: three months of believable history, a few living threads, visits ahead."""
