"""The queue of this room."""

import datetime as dt

from connections import intake
from connections.models import InboundEvent
from work import sweep

sweep.register(
    sweep.Queue(
        name="inbound",
        model=InboundEvent,
        run=sweep.one_by_one(InboundEvent, intake.take_in, died=intake.gave_up),
        batch=50,
        # Nothing is done twice when it ends too early; soon after a death others take the batch in.
        lease=dt.timedelta(seconds=20),
    )
)
sweep.before_each(intake.drain_spool)
