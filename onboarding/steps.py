"""The first screen's six steps: which are done is read from the rows, not from a tick."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Service
from connections.models import Connection
from conversations.models import Author, Message
from economics.models import Spend
from integrations import registry
from leads.models import Lead
from onboarding.models import StepDone
from reminders.models import Reminder
from tenants.models import Tenant


@dataclasses.dataclass(frozen=True)
class Step:
    """One of the six."""

    name: str
    title: str
    text: str
    url: str
    action: str
    done: bool
    # Steps that no row proves are declared done by a person.
    by_hand: bool = False


def all_steps(tenant: Tenant) -> list[Step]:
    """The six steps of the entered tenant, in order."""
    kinds = set(Connection.objects.exclude(state__in=("off", "new")).values_list("kind", flat=True))
    declared = set(StepDone.objects.values_list("step", flat=True))
    step = _maker(declared)
    return [
        step(
            "economics",
            _("My economics"),
            _("What an hour costs and what advertising costs: enter last month's spend, even if it is 0."),
            "economics:spend",
            _("Enter the spend"),
            Spend.objects.exists(),
        ),
        step(
            "channels",
            _("Channels"),
            _("Connect the messenger clients write to. The site chat works already."),
            "connections:index",
            _("Connect"),
            bool(kinds & (set(registry.channels) - {"webchat", "form"})) or Lead.objects.exists(),
        ),
        step(
            "assistant",
            _("Assistant"),
            _("It answers within three seconds from your price list: check prices, minutes and masters."),
            "bookings:catalogue",
            _("Look at the price list"),
            Service.objects.exists() and Message.objects.filter(author=Author.ASSISTANT).exists(),
        ),
        step(
            "crm",
            _("Bitrix24"),
            _("Leads and deals appear there by themselves. No Bitrix24? Marzha is the CRM."),
            "sync:index",
            _("Connect Bitrix24"),
            "bitrix24" in kinds,
            by_hand=True,
        ),
        step(
            "reminders",
            _("Reminders and prepayment"),
            _("48, 24 and 2 hours before a visit, in the client's messenger. The first visit plans them."),
            "bookings:calendar",
            _("Make a visit"),
            Reminder.objects.exists(),
        ),
        step(
            "measure",
            _("Measure"),
            _("Mark how visits ended, and see what a client costs and brings."),
            "economics:dashboard",
            _("Open the figures"),
            Lead.objects.filter(status="visited").exists(),
        ),
    ]


def _maker(declared: set[str]) -> Any:
    def make(
        name: str, title: str, text: str, url: str, action: str, done: bool, *, by_hand: bool = False
    ) -> Step:
        return Step(name, title, text, reverse(url), action, done or name in declared, by_hand)

    return make
