"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Connection, connection: an account was connected.
connected = Signal()
# sender=Connection, connection: an account cannot be used until somebody mends it.
broke = Signal()
# sender=Connection, connection, event, fact: something came in; the room that knows the fact handles it.
fact_received = Signal()
# sender=InboundEvent, connection, event, reason: something authentic came in that could not be read.
unreadable = Signal()
