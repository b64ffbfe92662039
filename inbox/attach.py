"""A colleague ties their own chat with the tenant's bot to their alerts, by a one-time deep link.

The link starts the bot with `staff_<token>`. It must be known for a colleague's before the rooms below take the
message in, else their chat would open a lead and be greeted by the assistant: so this hears facts first (see
`inbox/apps.py`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from connections.models import Connection, ConnectionState
from conversations import outbox, threads
from conversations.models import Author, Conversation, Holder
from inbox.models import AlertAddress, StaffLink
from integrations import registry
from integrations.protocols import channel
from tenants import clock
from tenants.models import Membership, User, digest, new_token

PREFIX = "staff_"
LIFE = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Invitation:
    """Where a colleague presses Start."""

    url: str
    bot: str


def bots_query() -> QuerySet[Connection]:
    """Connected messengers that may have deep links."""
    return Connection.objects.filter(kind="telegram", state=ConnectionState.OK).order_by("id")


def bots() -> list[Connection]:
    """Those that have."""
    return [bot for bot in bots_query() if bot.account.get("link_base")]


def invite(user: User, bot: Connection, *, now: dt.datetime) -> Invitation | None:
    """A new link for this person; their earlier ones are void. None when the channel has no links."""
    StaffLink.objects.filter(user=user, used_at=None).delete()
    token = new_token(24)
    url = registry.channel(bot.kind).link(bot.account.get("link_base", ""), PREFIX + token)
    if not url:
        return None
    StaffLink.objects.create(user=user, token_hash=digest(token), created_at=now, expires_at=now + LIFE)
    return Invitation(url, bot.account.get("username") or str(bot))


def hear(sender: Any, connection: Connection, event: Any, fact: Any, **_kwargs: Any) -> None:
    """Receiver of `connections.signals.fact_received`, before all others."""
    if not isinstance(fact, channel.MessageReceived | channel.ChatOpened) or fact.touch is None:
        return
    if fact.touch.code.startswith(PREFIX):
        _attach(connection, fact, token=fact.touch.code.removeprefix(PREFIX), now=clock.now())


def _attach(
    connection: Connection,
    fact: channel.MessageReceived | channel.ChatOpened,
    *,
    token: str,
    now: dt.datetime,
) -> None:
    link = StaffLink.objects.select_for_update().filter(token_hash=digest(token)).first()
    if link is None or link.used_at or link.expires_at < now:
        return
    if not Membership.objects.filter(user_id=link.user_id).exists():
        return
    link.used_at = now
    link.save(update_fields=["used_at"])
    thread = threads.thread_of(connection, fact.chat, fact.person, now=now)
    thread.not_a_client = True
    thread.holder = Holder.NONE
    thread.save(update_fields=["not_a_client", "holder"])
    AlertAddress.objects.update_or_create(
        user_id=link.user_id, defaults={"conversation": thread, "created_at": now}
    )
    outbox.say(
        thread,
        text=_("Done: you will be told here when a client waits for a person."),
        author=Author.SYSTEM,
        key=f"staff:{link.pk}",
        now=now,
    )


def detach(user: User) -> None:
    """Alerts no longer go to this person's chat."""
    AlertAddress.objects.filter(user=user).delete()


def settle(thread: Conversation) -> None:
    """What a colleague writes to the bot waits for nobody."""
    Conversation.objects.filter(pk=thread.pk).update(
        state=Conversation.State.CLOSED, waiting_since=None, unread=0
    )


def is_colleague(thread: Conversation) -> bool:
    """Whether this is a colleague's chat for alerts."""
    return thread.not_a_client and AlertAddress.objects.filter(conversation=thread).exists()
