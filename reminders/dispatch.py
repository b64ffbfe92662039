"""Says what is due: checked afresh under the visit's lock, through the best chat, once.

A visit that somebody is changing at this moment is not waited for; its reminder is looked at again a second later.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingStatus
from conversations import buttons, outbox
from conversations.models import Author, Conversation, Message, MessageState
from reminders import due, reach, signals, texts, together
from reminders.models import Reason, Reminder, ReminderText
from tenants import clock, wall
from tenants.models import Tenant
from work import sweep
from work.claim import Claim
from work.rows import MAX_ATTEMPTS, State

log = logging.getLogger(__name__)

QUEUE = "reminders"
OWNER = "reminders"
PREFIX, key_of = due.PREFIX, due.key_of
# So many in one transaction: the threads they go to are locked meanwhile.
TOGETHER = 50
AGAIN_AFTER = dt.timedelta(seconds=1)
AFTER_ERROR = dt.timedelta(seconds=10)


# ---------------------------------------------------------------- the queue's run
def run(claims: Sequence[Claim]) -> None:
    """Carries out a batch, tenant by tenant; one row that fails does not hold up the others."""
    groups: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.tenant_id].append(claim)
    for tenant_id, group in groups.items():
        for start in range(0, len(group), TOGETHER):
            part = group[start : start + TOGETHER]
            try:
                with wall.tenant_tx(tenant_id):
                    _carry(part)
            except sweep.AWAY:
                raise
            except Exception as error:
                log.warning("reminders: a batch failed, its rows are taken one by one: %s", error)
                for claim in part:
                    _carry_alone(claim)


def _carry_alone(claim: Claim) -> None:
    try:
        with wall.tenant_tx(claim.tenant_id):
            _carry([claim])
    except sweep.AWAY:
        raise
    except Exception as error:
        log.exception("reminder %s failed", claim.id)
        with wall.tenant_tx(claim.tenant_id):
            _stumbled(claim, error)


def _stumbled(claim: Claim, error: Exception) -> None:
    """Puts a row off without touching its due time; after the last attempt a person calls."""
    row = Reminder.objects.filter(pk=claim.id, lease_token=claim.token).first()
    if row is None:
        return
    if row.attempts >= MAX_ATTEMPTS:
        _give_up(row, Reason.BROKEN, now=clock.now(), error=f"{type(error).__name__}: {error}")
    else:
        _look_again(row, after=AFTER_ERROR * row.attempts, error=f"{type(error).__name__}: {error}"[:2000])


def _look_again(row: Reminder, *, after: dt.timedelta, error: str = "") -> None:
    """The lease ends soon; then the row is due again."""
    Reminder.objects.filter(pk=row.pk, lease_token=row.lease_token).update(
        lease_until=Now() + after,
        attempts=row.attempts if error else max(row.attempts - 1, 0),
        last_error=error,
    )


def _carry(claims: Sequence[Claim]) -> None:
    now, tenant = clock.now(), wall.entered_tenant()
    batch, own = due.read(claims, now=now), texts.own_texts()
    sayings: list[together.Saying] = []
    refused: dict[tuple[State, Reason], list[Reminder]] = defaultdict(list)
    for row in batch.rows:
        if row.booking_id not in batch.free:
            _look_again(row, after=AGAIN_AFTER)
            continue
        refusal = _refusal(row, own.get(row.offset_minutes), now, nearer=row.pk in batch.nearer)
        if refusal is not None:
            refused[refusal].append(row)
            continue
        saying = _saying(row, own.get(row.offset_minutes), batch.said[row.pk], tenant=tenant, now=now)
        if saying is not None and saying.plain:
            sayings.append(saying)
        elif saying is not None:
            _say_alone(saying, now=now)
    together.say(sayings, now=now)
    for (state, reason), group in refused.items():
        _end(group, state, reason, now=now)


def _end(rows: Sequence[Reminder], state: State, reason: Reason, *, now: dt.datetime) -> None:
    """Ends rows that must not be said, in one statement; too late for a visit still ahead, a person calls."""
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=state, reason=reason, lease_until=None, lease_token=None
    )
    for row in rows:
        row.state, row.reason, row.lease_token, row.lease_until = state, reason, None, None
        if state == State.EXPIRED and row.starts_at > now:
            _list_to_call(row, now=now)


# ---------------------------------------------------------------- one reminder
def _refusal(
    row: Reminder, own: ReminderText | None, now: dt.datetime, *, nearer: bool
) -> tuple[State, Reason] | None:
    """(state, reason) when the reminder must not be said now."""
    booking = row.booking
    if booking.starts_at != row.starts_at:
        return State.CANCELLED, Reason.MOVED
    if booking.status == BookingStatus.CANCELLED:
        return State.CANCELLED, Reason.CANCELLED
    if booking.status != BookingStatus.CONFIRMED or booking.starts_at <= now:
        return State.CANCELLED, Reason.OVER
    if nearer:
        return State.SKIPPED, Reason.NEARER
    if row.expires_at is not None and row.expires_at < now:
        return State.EXPIRED, Reason.LATE
    if own is not None and not own.active:
        return State.SKIPPED, Reason.SWITCHED_OFF
    return None


def _saying(
    row: Reminder, own: ReminderText | None, said: Sequence[Message], *, tenant: Tenant, now: dt.datetime
) -> together.Saying | None:
    """What to say in the best thread that was not tried yet; where there is none, a person is to call."""
    booking, key = row.booking, key_of(row)
    failed = {message.conversation_id for message in said if message.state == MessageState.FAILED}
    met: list[Reason] = [Reason.UNDELIVERED] if failed else []
    for thread in reach.threads(booking):
        obstacle = reach.obstacle(thread, now=now)
        if thread.pk in failed or obstacle is not None:
            met += [obstacle] if obstacle is not None else []
            continue
        with texts.spoken(tenant, booking.attendee or booking.contact):
            text = texts.write(
                booking,
                offset_minutes=row.offset_minutes,
                own=own.text if own else "",
                tenant=tenant,
                now=now,
            )
            labels = _labels()
            approved = reach.template(thread, now=now)
            if approved is not None:
                facts = texts.facts(booking, tenant=tenant, now=now)
                approved |= {"values": [facts["name"] or facts["salon"], facts["when"]]}
        return together.Saying(
            reminder=row,
            thread=thread,
            text=text,
            buttons=labels,
            payload=_payload(booking),
            owner=OWNER,
            key=f"{key}#{len(said) + 1}" if said else key,
            template=approved,
        )
    if _was_called(row):
        row.finish(token=row.lease_token, state=State.SKIPPED, reason=Reason.CALLED)
    else:
        _give_up(row, met[0] if met else Reason.NO_CHAT, now=now)
    return None


def _say_alone(saying: together.Saying, *, now: dt.datetime) -> None:
    """Says one that takes several messages of its channel."""
    row, thread = saying.reminder, saying.thread
    message = outbox.say(
        thread,
        text=saying.text,
        buttons=offer(thread, row.booking, now=now),
        author=Author.SYSTEM,
        key=saying.key,
        now=now,
        expires_at=row.expires_at,
        template=saying.template,
    )
    row.finish(token=row.lease_token, message=message, channel_kind=thread.connection.kind, reason="")


def offer(thread: Conversation, booking: Booking, *, now: dt.datetime) -> list[list[dict[str, str]]]:
    """The buttons under a reminder, as they stand for the visit's present start."""
    payload = _payload(booking)
    return [
        [
            buttons.offer(thread, owner=OWNER, action=action, payload=payload, label=label, now=now)
            for action, label in row
        ]
        for row in _labels()
    ]


def _labels() -> list[list[tuple[str, str]]]:
    """Rows of (action, label), in the language that is spoken."""
    return [[("confirm", _("I will come"))], [("move", _("Move")), ("cancel", _("Cancel the visit"))]]


def _payload(booking: Booking) -> dict[str, Any]:
    return {"booking": booking.pk, "starts_at": booking.starts_at.isoformat()}


# ---------------------------------------------------------------- when nobody can be reached
def _give_up(row: Reminder, reason: Reason, *, now: dt.datetime, error: str = "") -> None:
    row.finish(token=row.lease_token, state=State.DEAD, reason=reason, error=error)
    _list_to_call(row, now=now)


def _list_to_call(row: Reminder, *, now: dt.datetime) -> None:
    if _was_called(row):
        return
    row.to_call = True
    row.save(update_fields=["to_call"])
    signals.to_call.send(Reminder, reminder=row, now=now)


def _was_called(row: Reminder) -> bool:
    """Whether somebody called about this visit at this start already."""
    same = Reminder.objects.filter(booking_id=row.booking_id, starts_at=row.starts_at)
    return same.exclude(called_at=None).exists()


# ---------------------------------------------------------------- the last check and the outcome
def vetoes(messages: Sequence[Message]) -> dict[int, str]:
    """Asked right before the calls, in their transaction: which reminders must not go out any more, and why.

    The visits are locked against a change until that transaction ends, so what was cancelled or moved before is seen.
    """
    told = {message.pk: _told(message) for message in messages if message.key.startswith(PREFIX)}
    if not told:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, status, starts_at FROM bookings_booking WHERE tenant_id = %s AND id = ANY(%s)"
            " ORDER BY id FOR SHARE",
            [wall.current_tenant_id(), [booking_id for booking_id, _starts in told.values()]],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    reasons = {pk: _against(found.get(booking_id), starts) for pk, (booking_id, starts) in told.items()}
    return {pk: reason for pk, reason in reasons.items() if reason}


def _told(message: Message) -> tuple[int, int]:
    """(visit, its start in Unix time) that a reminder speaks of, from its key."""
    booking_id, starts = message.key[len(PREFIX) :].split("#")[0].split(":")[:2]
    return int(booking_id), int(starts)


def _against(visit: tuple[str, dt.datetime] | None, starts: int) -> str | None:
    """Why a reminder of a visit at `starts` is wrong now."""
    if visit is None or visit[0] != BookingStatus.CONFIRMED:
        return _("The visit was cancelled.") if visit and visit[0] == "cancelled" else _("The visit is over.")
    return _("The visit was moved.") if int(visit[1].timestamp()) != starts else None


def settled(message: Message) -> None:
    """Mirrors what became of the message; after a definite failure the reminder is due again, for the next thread."""
    if not message.key.startswith(PREFIX):
        return
    if message.state == MessageState.SENT:
        return
    mine = Reminder.objects.filter(message=message)
    match message.state:
        case "failed":
            if mine.filter(state__in=(State.DONE, State.IN_DOUBT)).update(state=State.PENDING, attempts=0):
                sweep.nudge(QUEUE)
        case "in_doubt":
            mine.update(state=State.IN_DOUBT, reason=Reason.UNCERTAIN)
        case "cancelled":
            mine.filter(state=State.DONE).update(state=State.CANCELLED, reason=_why_cancelled(mine))
        case "pending" | "delivered" | "read":
            # Sent again by a person, or evidence came that it arrived.
            mine.exclude(state=State.DONE).update(state=State.DONE, reason="", to_call=False)


def _why_cancelled(rows: Any) -> Reason:
    row = rows.select_related("booking").first()
    if row is None or row.booking.status == BookingStatus.CANCELLED:
        return Reason.CANCELLED
    return Reason.MOVED if row.booking.starts_at != row.starts_at else Reason.OVER
