"""Rows by the thousand: counted as asked, whole enough for pages and figures."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking
from conversations.models import Contact, Message
from leads.models import Lead
from onboarding import bulk
from reminders.models import Reminder
from tenants import lookup, wall
from tests.conftest import Salon


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    call_command("bench_data", *arguments)
    return json.loads(capsys.readouterr().out)


def test_tenants_share_the_leads(db: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--tenants", "2", "--leads", "21")["leads"] == 21
    tenant_id = lookup.tenant_by_slug("bench-1")
    assert tenant_id is not None
    with wall.tenant_tx(tenant_id):
        assert (Lead.objects.count(), Message.objects.count(), Booking.objects.count()) == (11, 44, 5)
        assert Lead.objects.filter(conversation=None).count() == 0


def test_everybody_is_booked_at_one_moment_with_reminders(
    salon: Salon, capsys: pytest.CaptureFixture[str]
) -> None:
    with salon.work():
        bulk.fill(leads=7, now=salon.now())
    made = run(capsys, "--tenant", "omsk", "--bookings-for-contacts", "--starts-in-seconds", "7230")
    assert (made["bookings"], made["reminders"]) == (7, 21)
    with salon.work():
        ahead = Booking.objects.filter(status="confirmed")
        assert ahead.values("starts_at").distinct().count() == 1
        assert set(ahead.values_list("contact", flat=True)) == set(
            Contact.objects.values_list("pk", flat=True)
        )
        due = Reminder.objects.get(booking=ahead[0], offset_minutes=120)
        assert due.state == "waiting"
        assert due.due_at - salon.now() < dt.timedelta(seconds=31)
        states = set(Reminder.objects.exclude(offset_minutes=120).values_list("state", flat=True))
        assert states == {"skipped"}


def test_half_a_wish_is_refused(db: Any) -> None:
    with pytest.raises(CommandError):
        call_command("bench_data", "--tenant", "omsk")
