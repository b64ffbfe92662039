"""A word to a colleague about a thread: by e-mail and in their Telegram, a durable row each, told once.

Nothing is sent in a request or under a lock. E-mail goes out by Django's mail: the row is `calling` while the server
is spoken to, so a crash leaves it uncertain and never repeats it. Telegram goes the way of all messages, through the
outbox of the colleague's own chat.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import smtplib
from collections.abc import Iterable, Sequence
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from conversations import outbox
from conversations.models import Author, Conversation
from inbox.models import Alert, AlertAddress
from kit.text import storable
from tenants import clock, wall
from tenants.models import Membership, Role, User
from work import claim, sweep
from work.rows import DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

QUEUE = "alerts"
# A word that late helps nobody any more.
LIFE = dt.timedelta(hours=6)
# A person's own switch (User.settings).
BY_MAIL = "alerts_by_mail"


def who_answers(*, first: int | None, alone: bool = False) -> list[User]:
    """Owners and managers, the thread's own colleague first; with `alone` only that one, if there is one."""
    seats = Membership.objects.filter(role__in=(Role.OWNER, Role.MANAGER), user__is_active=True)
    people = [seat.user for seat in seats.select_related("user").order_by("id")]
    own = [person for person in people if person.pk == first]
    if alone and own:
        return own
    return own + [person for person in people if person.pk != first]


def wants_mail(user: User) -> bool:
    """Whether alerts go to this person's e-mail."""
    return bool(user.email) and user.settings.get(BY_MAIL, True) is not False


def raise_about(
    conversation: Conversation, *, key: str, subject: str, text: str, now: dt.datetime, people: Iterable[User]
) -> int:
    """Writes alerts about a thread; the same `key` is told to a person once. Returns how many are new."""
    path = reverse("inbox:thread", args=[conversation.pk])
    return _raise(people, key=key, subject=subject, text=text, path=path, conversation=conversation, now=now)


def raise_for_owners(*, key: str, subject: str, text: str, path: str, now: dt.datetime) -> int:
    """Writes alerts about something that only an owner can mend; `path` is where. Returns how many are new."""
    seats = Membership.objects.filter(role=Role.OWNER, user__is_active=True).select_related("user")
    people = [seat.user for seat in seats.order_by("id")]
    return _raise(people, key=key, subject=subject, text=text, path=path, conversation=None, now=now)


def withdraw(beginning: str) -> int:
    """Takes back alerts whose key begins so and that were not told yet. Returns how many."""
    waiting = Alert.objects.filter(key__startswith=beginning, state__in=(State.WAITING, State.PENDING))
    return waiting.update(state=State.CANCELLED)


def _raise(
    people: Iterable[User],
    *,
    key: str,
    subject: str,
    text: str,
    path: str,
    conversation: Conversation | None,
    now: dt.datetime,
) -> int:
    people = list(people)
    addresses = set(AlertAddress.objects.filter(user__in=people).values_list("user_id", flat=True))
    made = 0
    for person in people:
        ways = [Alert.Way.EMAIL] if wants_mail(person) else []
        ways += [Alert.Way.TELEGRAM] if person.pk in addresses else []
        for way in ways:
            _row, new = Alert.objects.get_or_create(
                user=person,
                way=way,
                key=key[:150],
                defaults={
                    "subject": storable(subject)[:200],
                    "text": storable(text)[:2000],
                    "path": path,
                    "conversation": conversation,
                    "due_at": now,
                    "expires_at": now + LIFE,
                    "created_at": now,
                },
            )
            made += new
    if made:
        sweep.nudge(QUEUE)
    return made


def carry(claims: Sequence[claim.Claim]) -> None:
    """The queue's `run`."""
    for taken in claims:
        try:
            letter = _prepare(taken)
        except Exception as error:
            log.exception("alert %s failed", taken.id)
            sweep.put_off(Alert, taken, error)
            continue
        if letter is not None:
            _post(letter, taken)


def _prepare(taken: claim.Claim) -> EmailMessage | None:
    """Ends what needs no letter any more or goes by a messenger; else marks the call and returns the letter."""
    with wall.tenant_tx(taken.tenant_id):
        row = (
            Alert.objects.select_for_update(of=("self",))
            .select_related("user", "conversation")
            .get(pk=taken.id)
        )
        if row.lease_token != taken.token:
            return None
        now = clock.now()
        if row.expires_at and row.expires_at < now:
            row.finish(token=taken.token, state=State.EXPIRED)
        elif row.conversation is not None and row.conversation.waiting_since is None:
            row.finish(token=taken.token, state=State.SKIPPED)
        elif not Membership.objects.filter(user=row.user).exists():
            row.finish(token=taken.token, state=State.CANCELLED)
        elif row.way == Alert.Way.TELEGRAM:
            _to_chat(row, now=now)
            row.finish(token=taken.token)
        else:
            with translation.override(row.user.language):
                letter = _letter(row)
            row.begin_call(token=taken.token)
            return letter
    return None


def link(row: Alert) -> str:
    """Where the alert leads."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{row.path}"


def _letter(row: Alert) -> EmailMessage:
    tenant = wall.entered_tenant()
    way = _("Open the conversation: %(url)s") if row.conversation_id else _("Open: %(url)s")
    body = "\n\n".join(part for part in (row.text, way % {"url": link(row)}, str(tenant)) if part)
    return EmailMessage(
        subject=" ".join(row.subject.split()),
        body=body,
        to=[row.user.email or ""],
        # The same alert is the same letter, should a server ever see it twice.
        headers={"Message-ID": make_msgid(idstring=f"alert-{row.tenant_id}-{row.pk}", domain="marzha")},
    )


def _to_chat(row: Alert, *, now: dt.datetime) -> None:
    address = AlertAddress.objects.select_related("conversation__connection").filter(user=row.user).first()
    if address is None:
        return
    with contextlib.suppress(outbox.CannotWrite):
        outbox.say(
            address.conversation,
            text="\n\n".join(part for part in (row.subject, row.text, link(row)) if part),
            author=Author.SYSTEM,
            key=f"alert:{row.pk}",
            now=now,
            expires_at=row.expires_at,
        )


def _post(letter: EmailMessage, taken: claim.Claim) -> None:
    """Sends the letter with no transaction open and records what is known of it."""
    try:
        letter.send()
    except (ConnectionRefusedError, smtplib.SMTPConnectError, smtplib.SMTPAuthenticationError) as error:
        _record(taken, error, retry=True)  # nothing of the letter was handed over
    except smtplib.SMTPRecipientsRefused as error:
        _record(taken, error, state=State.DEAD)
    except smtplib.SMTPResponseException as error:
        _record(taken, error, retry=400 <= error.smtp_code < 500, state=State.DEAD)
    except Exception as error:
        log.warning("alert %s: the mail server's answer is not known: %s", taken.id, error)
        _record(taken, error, state=State.IN_DOUBT)
    else:
        _record(taken, None)


def _record(
    taken: claim.Claim, error: Exception | None, *, retry: bool = False, state: str = State.DONE
) -> None:
    with contextlib.suppress(LeaseLost), wall.tenant_tx(taken.tenant_id):
        row: DurableRow = Alert.objects.get(pk=taken.id)
        said = f"{type(error).__name__}: {error}" if error else ""
        if retry:
            row.retry(token=taken.token, error=said)
        else:
            row.finish(token=taken.token, state=state, error=said)
