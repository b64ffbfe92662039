"""Twilio: what its messages and its calls have in common."""
