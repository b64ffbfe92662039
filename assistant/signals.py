"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Conversation, conversation, summary, now, urgent: a person is needed; `summary` is one line for a colleague.
handed_over = Signal()
