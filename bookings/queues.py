"""The queue of this room."""

from bookings import holds
from bookings.models import HoldExpiry
from work import sweep

sweep.register(sweep.Queue(name=holds.QUEUE, model=HoldExpiry, run=holds.RUN))
