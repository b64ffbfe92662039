"""The demo: believable history, a clock that moves there and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking
from economics.models import Spend
from leads.models import Lead
from reminders.models import Reminder
from tenants import clock, lookup, wall
from tenants.models import User
from tests.conftest import Person, Salon


def load(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("demo", "load", "demo")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_every_page_has_something_to_show_and_a_second_load_keeps_it(
    db: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    told = load(capsys)
    tenant_id = lookup.tenant_by_slug("demo")
    assert tenant_id is not None
    with wall.tenant_tx(tenant_id):
        now = clock.now()
        assert Lead.objects.count() > 500
        assert Booking.objects.filter(status="completed").count() > 500
        assert Booking.objects.filter(status="no_show").count() > 20
        assert Booking.objects.filter(starts_at__gt=now, status="confirmed").count() > 5
        assert Reminder.objects.filter(state="waiting").exists()
        assert Spend.objects.count() >= 8
        assert not Reminder.objects.filter(
            booking__created_at__lt=now, state__in=["pending", "done"]
        ).exists()
        before = Booking.objects.count()
        clock.move(clock.dt.timedelta(hours=3))
        assert clock.now() - now > clock.dt.timedelta(hours=2)
    again = load(capsys)
    assert (told["fresh"], again["fresh"]) == (True, False)
    with wall.tenant_tx(tenant_id):
        assert Booking.objects.count() == before
    owner = Person(User.objects.get(email=told["logins"][0]["email"]), None)
    assert owner.get("/demo/").status_code == 200


def test_a_real_tenant_has_no_demo_page_and_is_never_cleared(olga: Person, salon: Salon) -> None:
    assert olga.get("/demo/").status_code == 404
    assert olga.post("/demo/clock/", {"hours": "3"}).status_code == 404
    with pytest.raises(CommandError):
        call_command("demo", "clear", salon.tenant.slug)
