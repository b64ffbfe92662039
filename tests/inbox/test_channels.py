"""Owners, who alone can mend a channel, are told of it: once a matter, with the way to its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from connections import accounts, signals
from connections.models import Connection
from inbox import alerts
from inbox.models import Alert
from tests.conftest import Person, Salon
from work import sweep


@pytest.fixture
def bot(live_db: Any, salon: Salon, masha: Person) -> Connection:
    """A channel of a salon with an owner and a manager."""
    with salon.work():
        return accounts.create("telegram", settings={"bot_token": "700000001:AAtest"}, name="Наш бот")


def broke(salon: Salon, bot: Connection) -> None:
    with salon.work():
        accounts.note_trouble(Connection.objects.get(pk=bot.pk), reason="Unauthorized", broken=True)


def rows(salon: Salon) -> list[Alert]:
    with salon.work():
        return list(Alert.objects.select_related("user").order_by("id"))


def test_a_dead_key_is_told_to_the_owner_alone_and_once(salon: Salon, bot: Connection) -> None:
    for _ in range(3):  # every message that waits finds it out anew
        broke(salon, bot)
    (row,) = rows(salon)
    assert row.user == salon.owner
    assert row.path == f"/channels/{bot.pk}/"
    sweep.run(sweep.queue(alerts.QUEUE))
    (letter,) = mail.outbox
    assert letter.to == ["olga@example.com"]
    assert "Наш бот" in letter.subject
    assert f"/channels/{bot.pk}/" in letter.body


def test_what_passed_before_it_was_told_is_not_told(salon: Salon, bot: Connection) -> None:
    def send(key: str) -> None:
        signals.attention.send(Connection, connection=bot, key=key, subject="Тихо", text="…", now=salon.now())

    with salon.work():
        send(f"channel:{bot.pk}:silence:1")
        send(f"channel:{bot.pk}:silence:1")
        send(f"channel:{bot.pk}1:silence:1")
        signals.relieved.send(Connection, connection=bot, key=f"channel:{bot.pk}:silence:")
    assert [row.state for row in rows(salon)] == ["cancelled", "pending"]
    sweep.run(sweep.queue(alerts.QUEUE))
    assert len(mail.outbox) == 1


def test_today_shows_channels_that_need_a_person(olga: Person, salon: Salon, bot: Connection) -> None:
    assert "Наш бот" not in olga.get("/inbox/today/").content.decode()
    with salon.work():
        Connection.objects.update(trouble="taken", last_error="the bot reports to another service")
    page = olga.get("/inbox/today/").content.decode()
    assert "Наш бот" in page
    assert f"/channels/{bot.pk}/" in page
