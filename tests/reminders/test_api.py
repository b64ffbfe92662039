"""`GET /api/v1/reminders/`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from conversations.models import Message
from reminders.models import Reminder
from tenants import clock
from tests.assistant.stage import Client, sweep_all
from tests.conftest import Api, Salon
from tests.reminders.conftest import Book


def test_the_fields_of_the_contract(api: Api, anna: Client, shop: Salon, book: Book) -> None:
    booking = book(hours=27)
    book(hours=200)
    with shop.work():
        clock.move(dt.timedelta(hours=3.2))
    sweep_all()
    answer = api.get(f"reminders/?booking={booking.pk}")
    assert answer.status_code == 200
    found = {row["offset_minutes"]: row for row in answer.json()["results"]}
    assert {offset: row["state"] for offset, row in found.items()} == {
        2880: "skipped",
        1440: "sent",
        120: "pending",
    }
    day_before = found[1440]
    assert day_before["booking"] == booking.pk
    assert day_before["channel_kind"] == "telegram"
    assert day_before["sent_at"] is not None
    assert dt.datetime.fromisoformat(day_before["due_at"]) == booking.starts_at - dt.timedelta(hours=24)
    with shop.work():
        assert Message.objects.get(pk=day_before["message"]).key.startswith("reminder:")
    assert found[120]["message"] is None
    assert len(api.get("reminders/").json()["results"]) == 6
    assert api.get(f"reminders/{day_before['id']}/").json() == day_before


@pytest.mark.parametrize(
    ("state", "folded"),
    [
        ("pending", "pending"),
        ("sent", "sent"),
        ("delivered", "sent"),
        ("read", "sent"),
        ("failed", "failed"),
        ("in_doubt", "in_doubt"),
        ("cancelled", "cancelled"),
    ],
)
def test_the_message_says_what_became_of_it(
    state: str, folded: str, api: Api, anna: Client, shop: Salon, book: Book
) -> None:
    book(hours=27)
    with shop.work():
        clock.move(dt.timedelta(hours=3.2))
    sweep_all()
    with shop.work():
        Message.objects.filter(key__startswith="reminder:").update(state=state)
    row = next(row for row in api.get("reminders/").json()["results"] if row["offset_minutes"] == 1440)
    assert row["state"] == folded


@pytest.mark.parametrize(
    ("state", "folded"),
    [
        ("waiting", "pending"), ("pending", "pending"), ("claimed", "pending"), ("calling", "pending"),
        ("skipped", "skipped"), ("cancelled", "cancelled"), ("expired", "expired"), ("in_doubt", "in_doubt"),
        ("dead", "failed"),
    ],
)  # fmt: skip
def test_states_fold(state: str, folded: str, api: Api, anna: Client, shop: Salon, book: Book) -> None:
    book(hours=100)
    with shop.work():
        Reminder.objects.update(state=state)
    assert {row["state"] for row in api.get("reminders/").json()["results"]} == {folded}


def test_another_tenant_s_are_not_there(
    live_db: Any, boris_api: Api, anna: Client, shop: Salon, book: Book
) -> None:
    booking = book(hours=100)
    with shop.work():
        mine = Reminder.objects.first()
    assert mine is not None
    assert boris_api.get(f"reminders/?booking={booking.pk}").json()["results"] == []
    assert boris_api.get(f"reminders/{mine.pk}/").status_code == 404


def test_bad_questions_are_told(live_db: Any, api: Api) -> None:
    assert api.get("reminders/?booking=x").status_code == 400
    assert api.post("reminders/", {}).status_code == 405
    assert Api("mz_none").get("reminders/").status_code == 401
