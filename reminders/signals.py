"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Reminder, reminder, now: nobody could be reached in a chat; the visit stands in the call list.
to_call = Signal()
