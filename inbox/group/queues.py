"""The queues of groups."""

from inbox.group import carrier, files, plan
from inbox.group.models import Mirror, StaffFile
from work import sweep

sweep.register(
    sweep.Queue(
        name=plan.QUEUE,
        model=Mirror,
        run=carrier.carry,
        batch=40,
        lease=carrier.LEASE,
        doubted=carrier.doubted,
        wait=carrier.wait,
    )
)
sweep.register(
    sweep.Queue(
        name=files.QUEUE, model=StaffFile, run=files.carry, batch=8, lease=files.LEASE, wait=files.wait
    )
)
