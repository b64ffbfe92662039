"""The queue of this room: slow, so Celery's worker takes it, and `dispatch` when Redis is dead."""

from sync import dirty, push
from sync.models import Portal
from work import sweep

sweep.register(
    sweep.Queue(name=dirty.QUEUE, model=Portal, run=push.run, lane=sweep.SLOW, batch=5, lease=push.LEASE)
)
