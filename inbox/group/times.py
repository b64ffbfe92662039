"""Free times in a topic: the soonest three for what the client wants, and a button that sends them to the client."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from assistant import facts, memory
from bookings import slots
from bookings.models import Booking, BookingItem, Service, Staff
from conversations import outbox
from conversations.models import Conversation
from inbox.group import answering, plan, words
from inbox.group.card import button
from inbox.group.models import Mirror, Topic
from inbox.group.people import Colleague
from kit.templatetags import marzha

SHOWN = 3
# So many services are asked about at once; the last button shows more of them.
A_PAGE = 8


def show(topic: Topic, thread: Conversation, rest: list[int], *, now: dt.datetime) -> str:
    """Posts the soonest free times for the service that was named, or that the client wants; else asks which."""
    catalogue = facts.catalogue()
    services = facts.chosen(catalogue, rest[:1]) if rest else _wanted(thread, catalogue, now=now)
    if not services:
        return ask(topic, start=0, now=now)
    free = slots.nearest(services=services, around=now, now=now, count=SHOWN)
    what = ", ".join(service.name for service in services)
    if not free:
        return _("Nothing is free for %(service)s in the next two months.") % {"service": what}
    names = dict(Staff.objects.filter(pk__in={slot.staff_id for slot in free}).values_list("pk", "name"))
    lines = [
        f"{marzha.when(slot.starts_at, now)} · {names.get(slot.staff_id, '')}".rstrip(" ·") for slot in free
    ]
    text = "\n".join([_("Free for %(service)s:") % {"service": what}, *lines])
    row = plan.say(
        topic,
        words.notice(topic, text),
        payload={
            "services": [service.pk for service in services],
            "slots": [[slot.starts_at.isoformat(), slot.staff_id] for slot in free],
        },
        now=now,
    )
    assert row is not None
    send = button(_("Send to the client"), "offer", topic, row.pk)
    other = button(_("Another service"), "which", topic, 0)
    row.buttons = [[[send.label, send.value]], [[other.label, other.value]]]
    row.save(update_fields=["buttons"])
    return _("Free times are below.")


def ask(topic: Topic, *, start: int, now: dt.datetime) -> str:
    """Posts the services to choose from, a page of them."""
    catalogue = facts.catalogue()
    if not catalogue:
        return _("There is nothing in the price list that somebody does.")
    start = start if start < len(catalogue) else 0
    rows = [
        [button(service.name, "times", topic, service.pk)] for service in catalogue[start : start + A_PAGE]
    ]
    if len(rows) > 6:  # some messengers take no more rows than that
        flat = [one for row in rows for one in row]
        rows = [flat[at : at + 2] for at in range(0, len(flat), 2)]
    if start + A_PAGE < len(catalogue):
        rows.append([button(_("More"), "which", topic, start + A_PAGE)])
    plan.say(
        topic,
        words.notice(topic, _("Free times for which service?")),
        buttons=[[(one.label, one.value) for one in row] for row in rows],
        now=now,
    )
    return _("Choose the service below.")


def _wanted(thread: Conversation, catalogue: list[Service], *, now: dt.datetime) -> list[Service]:
    """What the assistant understood, else what the client came for last, else the only thing there is."""
    wanted = facts.chosen(catalogue, memory.recall(thread, now=now).service_ids)
    if wanted or len(catalogue) == 1:
        return wanted or catalogue
    last = Booking.objects.filter(contact_id=thread.contact_id).order_by("-created_at", "-id").first()
    if last is None:
        return []
    ids = (
        BookingItem.objects.filter(booking=last)
        .order_by("position", "id")
        .values_list("service_id", flat=True)
    )
    return facts.chosen(catalogue, [one for one in ids if one])


def offer(topic: Topic, thread: Conversation, who: Colleague, rest: list[int], *, now: dt.datetime) -> str:
    """Sends the times of a message to the client, if they are all free still; the same message goes once."""
    row = Mirror.objects.filter(pk__in=rest[:1], topic=topic, kind=Mirror.Kind.SAY).first()
    told = row.payload.get("slots") if row is not None else None
    if row is None or not told:
        return _("This button is of no use any more.")
    services = facts.chosen(facts.catalogue(), row.payload.get("services") or [])
    free = [(dt.datetime.fromisoformat(at), staff_id) for at, staff_id in told]
    masters = {
        staff.pk: staff for staff in Staff.objects.filter(pk__in=[one for _at, one in free], active=True)
    }
    still = services and all(
        staff_id in masters
        and at > now
        and slots.is_free(services=services, staff=masters[staff_id], starts_at=at, now=now)
        for at, staff_id in free
    )
    # No key of the group's own: nobody has written these words there, so they are shown.
    key = f"group-offer:{row.pk}"
    if not still:
        return _("One of them is taken by now: press “Free times” once more.")
    lines = [f"• {marzha.when(at, now)}" for at, _staff in free]
    text = "\n".join(
        [
            _("Free times for %(service)s:") % {"service": ", ".join(one.name for one in services)},
            *lines,
            _("Which one suits you?"),
        ]
    )
    try:
        answering.answer(thread, who, text=text, key=key, now=now)
    except outbox.CannotWrite as reason:
        return str(reason)
    return _("Sent to the client")
