"""The queues of this room."""

import datetime as dt

from connections import errands, intake, upkeep
from connections.models import Errand, InboundEvent, Upkeep
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
sweep.register(
    # A person waits for it.
    sweep.Queue(
        name=errands.QUEUE, model=Errand, run=errands.carry, batch=8, lease=errands.LEASE, wait=errands.wait
    )
)
sweep.register(
    sweep.Queue(
        name=upkeep.QUEUE, model=Upkeep, run=upkeep.carry, lane=sweep.SLOW, batch=40, lease=upkeep.LEASE
    )
)
sweep.before_each(intake.drain_spool)
