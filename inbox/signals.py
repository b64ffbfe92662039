"""What this room announces to its own packages, inside the transaction."""

from django.dispatch import Signal

# sender=Step, step: somebody did something with a thread.
step_noted = Signal()
