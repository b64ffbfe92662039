"""Bitrix24 as a CRM of `integrations.protocols.crm`, connected by an inbound webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations.bitrix24 import address, client, guess, limits, probe, push, reasons
from integrations.protocols import channel, crm
from kit import http


class Bitrix24:
    """The wire. Its only state is the pace it keeps towards each portal."""

    kind = "bitrix24"
    label: Any = _("Bitrix24")
    fields: Sequence[channel.Field] = (
        channel.Field(
            name="webhook_url",
            label=_("Address of the inbound webhook"),
            secret=True,
            required=True,
            help=_(
                "In Bitrix24: Developer resources → Other → Inbound webhook, tick “CRM (crm)”, save, "
                "copy the address from “Webhook to call REST API”."
            ),
        ),
    )

    def __init__(self, *, pace: limits.Pace | None = None, trusted: frozenset[str] = frozenset()) -> None:
        self.pace = pace or limits.Pace()
        self._trusted = trusted

    def account(self, settings: crm.Settings) -> str:
        """The portal's host. Raises `Rejected("address")`."""
        return address.parse(settings.get("webhook_url", "")).netloc

    def check(self, settings: crm.Settings) -> http.Call[crm.Capabilities]:
        """Ask the portal who we are and what is there; two requests, nothing written."""
        return (yield from probe.check(self._client(settings, timeout=client.QUICK)))

    def guess(self, capabilities: crm.Capabilities) -> crm.Matching:
        """The likeliest pipeline, stages and sources."""
        return guess.matching(capabilities)

    def add_sources(self, settings: crm.Settings, names: Mapping[str, str]) -> http.Call[Mapping[str, str]]:
        """Put our sources into the portal's list."""
        return (yield from probe.add_sources(self._client(settings), names))

    def find(self, settings: crm.Settings, card: crm.Card) -> http.Call[Mapping[str, crm.Found]]:
        """Ids of what is there already: one request."""
        return (yield from push.find(self._client(settings), card))

    def push(self, settings: crm.Settings, card: crm.Card) -> http.Call[crm.Pushed]:
        """Make the portal show the card: two requests as a rule, one when nothing differs."""
        return (yield from push.push(self._client(settings), card))

    def explain(self, failure: Exception) -> Any:
        """A failure in words for the owner."""
        return reasons.explain(failure)

    def _client(self, settings: crm.Settings, *, timeout: float = client.TIMEOUT) -> client.Client:
        where = address.parse(settings.get("webhook_url", ""))
        return client.Client(where, self.pace, timeout=timeout, trusted=self._trusted)


CRM = Bitrix24()
