"""The queue of this room."""

from reminders import dispatch
from reminders.models import Reminder
from work import sweep

sweep.register(sweep.Queue(name=dispatch.QUEUE, model=Reminder, run=dispatch.run, batch=400, loops=2))
