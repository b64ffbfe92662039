"""The queues of this room."""

import datetime as dt

from conversations import changes, courier, evidence, fetching, lookups, media, outbox
from conversations.models import Delivery, EarlyChange, Inquiry, Lookup, MediaFile
from work import sweep

sweep.register(
    sweep.Queue(
        name=outbox.QUEUE,
        model=Delivery,
        run=courier.carry,
        begin=courier.begin,
        batch=200,
        # Until the row is marked `calling`: soon after a death its batch goes out from another process.
        lease=dt.timedelta(seconds=20),
        doubted=courier.doubted,
        wait=courier.wait,
    )
)
sweep.register(
    sweep.Queue(
        name=media.QUEUE,
        model=MediaFile,
        run=fetching.run,
        batch=fetching.THREADS,
        lease=fetching.LEASE,
        wait=fetching.wait,
    )
)
sweep.register(
    sweep.Queue(name=evidence.QUEUE, model=Inquiry, run=evidence.inquire, lane=sweep.SLOW, batch=20)
)
sweep.register(sweep.Queue(name=lookups.QUEUE, model=Lookup, run=lookups.ask, lane=sweep.SLOW, batch=20))
sweep.register(
    sweep.Queue(
        name=changes.QUEUE,
        model=EarlyChange,
        run=sweep.one_by_one(EarlyChange, changes.look_again),
        lane=sweep.SLOW,
        batch=20,
    )
)
