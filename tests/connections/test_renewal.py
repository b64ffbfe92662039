"""Once a day: a key that would run out is renewed, the text for reminders is handed in and its approval noted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from connections import accounts, renewal
from connections.models import Connection
from conversations import window
from fakes.meta import FakeMeta
from fakes.meta_state import BUSINESS
from tests.conftest import Salon
from tests.integrations.wires.whatsapp import WIRE

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def meta(settings: Any) -> Iterator[FakeMeta]:
    with FakeMeta() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": fake.url}
        yield fake


@pytest.fixture
def whatsapp(salon: Salon) -> Connection:
    own = {name: value for name, value in WIRE.settings.items() if not name.endswith("_previous")}
    values = {**own, "business_account_id": BUSINESS}
    with salon.work():
        return accounts.create("whatsapp", settings=values)


def look(salon: Salon, connection: Connection, *, day: int = 0) -> dict[str, Any]:
    with salon.work():
        connection.refresh_from_db()
        if day:
            before = dt.datetime.fromisoformat(connection.account["renewed_at"]) - dt.timedelta(days=day)
            connection.account["renewed_at"] = before.isoformat()
            connection.save()
    renewal.look(salon.id, connection.pk)
    with salon.work():
        connection.refresh_from_db()
        return connection.account


def test_the_text_for_reminders_is_handed_in_once_and_used_when_approved(
    salon: Salon, meta: FakeMeta, whatsapp: Connection
) -> None:
    account = look(salon, whatsapp)
    assert account["templates"]["reminder"]["name"] == renewal.REMINDER_NAME
    assert window.template_of(account, "reminder") is None
    for template in meta.templates:
        template["status"] = "APPROVED"
    assert window.template_of(look(salon, whatsapp), "reminder") is None  # asked once a day
    assert window.template_of(look(salon, whatsapp, day=1), "reminder")
    assert len(meta.templates) == 1


def test_a_provider_out_of_reach_is_asked_tomorrow(
    salon: Salon, meta: FakeMeta, whatsapp: Connection
) -> None:
    meta.stop()
    assert "templates" not in look(salon, whatsapp)


def test_the_key_of_instagrams_own_login_is_renewed(salon: Salon, meta: FakeMeta) -> None:
    with salon.work():
        insta = accounts.create(
            "instagram",
            settings={
                "account_id": "17841400000000000",
                "access_token": "IGtest",
                "app_secret": "0123456789abcdef",
                "verify_token": "verify-me",
            },
        )
    look(salon, insta)
    with salon.work():
        assert accounts.settings_of(insta)["access_token"] != "IGtest"
        assert accounts.settings_of(insta)["access_token_previous"] == "IGtest"
