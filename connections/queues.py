"""The queue of this room."""

from connections import intake
from connections.models import InboundEvent
from work import sweep

sweep.register(
    sweep.Queue(
        name="inbound",
        model=InboundEvent,
        run=sweep.one_by_one(InboundEvent, intake.take_in, died=intake.gave_up),
        batch=50,
    )
)
sweep.before_each(intake.drain_spool)
