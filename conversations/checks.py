"""The last look at messages before their calls, for the rows of one tenant at once."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.conf import settings as django_settings
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection
from conversations import lanes, pace, signals
from conversations.models import Conversation, Delivery, Message
from conversations.outcomes import Parked
from integrations import registry
from kit import limits
from tenants import clock, secrets
from work.rows import State

# Messages of one chat that may follow each other at once.
CHAT_BURST = 10.0


class Checks:
    """What is asked once for all rows of a portion. `parked` are those that have to wait; see `outcomes.park`."""

    def __init__(self, rows: Sequence[Delivery]) -> None:
        self.parked: list[Parked] = []
        self._now = clock.now() if any(row.expires_at for row in rows) else None
        self._rows_of = Counter(row.connection_id for row in rows)
        self._shares: dict[int, _Share] = {}
        self._taken_back: dict[int, str] = {}
        # Whoever promised the messages may take them back, under locks of its own rows.
        messages = [row.message for row in rows]
        told: list[tuple[Any, Any]] = (
            signals.about_to_send.send(Message, messages=messages) if messages else []
        )
        for _receiver, reasons in told:
            self._taken_back.update(reasons or {})

    def veto(self, row: Delivery, message: Message, thread: Conversation) -> tuple[str, str] | None:
        """(state, reason) when the message must not go out any more."""
        if row.generation is not None and row.generation != thread.generation:
            return State.CANCELLED, _("The conversation has moved on.")
        if row.expires_at and self._now and row.expires_at < self._now:
            return State.EXPIRED, _("It was too late to send it.")
        if thread.blocked_at:
            return State.DEAD, _("The client has blocked this chat.")
        reason = self._taken_back.get(message.pk)
        return (State.CANCELLED, reason) if reason else None

    def pause(self, account: Connection, thread: Conversation) -> float:
        """Seconds until the account may be called for this thread, 0.0 when the call may go now."""
        return (
            lanes.ours.closed_for(account.pk, kind=account.kind)
            or _too_fast(account, thread)
            or self._limited(account)
        )

    def settings(self, account: Connection) -> dict[str, str]:
        """The account's plain settings, and where its provider reports to (`hook_url`)."""
        return _opened(
            bytes(account.sealed_settings), bytes(account.sealed_token), account.tenant_id, account.kind
        )

    def _limited(self, account: Connection) -> float:
        """Seconds to wait for the provider's limit."""
        rate = registry.channel(account.kind).capabilities.per_second
        if not rate:
            return 0.0
        if account.pk not in self._shares:
            self._shares[account.pk] = _Share(account.pk, rate, wanted=self._rows_of[account.pk])
        return self._shares[account.pk].take()


class _Share:
    """What an account's limit lets through now, asked for all its rows in one trip instead of one by one."""

    def __init__(self, account_id: int, rate: float, *, wanted: int) -> None:
        self._rate = rate
        self._granted, self._wait = pace.share(account_id, rate, wanted=wanted)

    def take(self) -> float:
        """0.0 for a row that may go; for each other one its turn after those before it."""
        if self._granted:
            self._granted -= 1
            return 0.0
        self._wait += 1 / self._rate
        return self._wait


def _too_fast(account: Connection, thread: Conversation) -> float:
    """Seconds to wait for the provider's limit of one chat; two bubbles at once are no hurry."""
    rate = registry.channel(account.kind).capabilities.per_chat_per_second
    if not rate:
        return 0.0
    return limits.take_here(f"chat:{thread.tenant_id}:{thread.pk}", rate=rate, burst=max(rate, CHAT_BURST))


@functools.lru_cache(maxsize=2000)
def _opened(sealed: bytes, sealed_token: bytes, tenant_id: int, kind: str) -> dict[str, str]:
    """By the sealed bytes: settings that change are sealed anew."""
    token = secrets.unseal(sealed_token, tenant_id=tenant_id, place=accounts.TOKEN_PLACE)
    return {
        **accounts.open_settings(sealed, tenant_id=tenant_id, kind=kind),
        "hook_url": f"{django_settings.PUBLIC_URL}/hooks/{kind}/{token}/",
    }
