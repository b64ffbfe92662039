"""Site forms and lead forms: one address to paste everywhere; the sender is recognised by the shape of the body."""
