"""The queue of this room."""

from conversations import courier, outbox
from conversations.models import Delivery
from work import sweep

sweep.register(
    sweep.Queue(name=outbox.QUEUE, model=Delivery, run=courier.carry, doubted=courier.doubted, batch=100)
)
