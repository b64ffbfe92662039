"""What this room announces, always inside the transaction of the change, so that a failing listener undoes it.

Each is sent with `sender=Booking`, the `booking` as it now stands and `now`, the moment of the change; some say more.
"""

from django.dispatch import Signal

# A visit is agreed: booked at once, or its hold confirmed.
booked = Signal()
# Time or master changed; `starts_before` (datetime) and `staff_before` (id) are the former ones.
moved = Signal()
cancelled = Signal()
arrived = Signal()
completed = Signal()
no_show = Signal()
# The client said «I will come».
client_confirmed = Signal()
# A mistaken mark was taken back; `status_before` is the status that was undone.
reopened = Signal()
# A hold ran out before anybody confirmed it.
expired = Signal()
