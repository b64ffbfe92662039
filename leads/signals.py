"""What this room announces, inside the transaction."""

from django.dispatch import Signal

# sender=Lead, lead, now.
lead_opened = Signal()
# sender=Lead, lead, now: status, source or contact changed.
lead_changed = Signal()
# sender=Task, task, now.
task_opened = Signal()
