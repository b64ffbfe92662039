"""The queues of this room."""

from inbox import alerts, closing, escalation
from inbox.models import Alert, Escalation, Wakeup
from work import sweep

sweep.register(sweep.Queue(name=escalation.QUEUE, model=Escalation, run=escalation.RUN))
sweep.register(sweep.Queue(name=closing.QUEUE, model=Wakeup, run=closing.RUN))
sweep.register(sweep.Queue(name=alerts.QUEUE, model=Alert, run=alerts.carry, lane=sweep.SLOW, batch=20))
