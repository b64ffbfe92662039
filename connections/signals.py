"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Connection, connection: an account was connected.
connected = Signal()
# sender=Connection, connection, again: an account cannot be used until somebody mends it; `again`: nor could it before.
broke = Signal()
# sender=Connection, connection, event, fact: something came in; the room that knows the fact handles it. Of a fact of
# groups a receiver says by True that the group is ours.
fact_received = Signal()
# sender=InboundEvent, connection, event, reason: something authentic came in that could not be read.
unreadable = Signal()
# sender=Connection, connection, key, subject, text, now: the owner should know of an account. The same `key` is the
# same matter: it is told once.
attention = Signal()
# sender=Connection, connection, key: what was the matter (every key that begins with this one) is over by itself.
relieved = Signal()
# sender=Connection, connection: how an account fares has changed, for pages that show it.
changed = Signal()
