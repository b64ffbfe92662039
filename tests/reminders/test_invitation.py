"""A visit entered at the desk for somebody without a chat sends one SMS with the way into a messenger."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from connections import accounts
from connections.models import Connection
from conversations.models import Contact, Message
from fakes.telegram import FakeTelegram
from tests.assistant.stage import Client
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.reminders.conftest import Book

SMSC = {"provider": "smsc", "login": "salon", "password": "pw", "sender": "SALON"}


@pytest.fixture
def phoned(shop: Salon, bot: FakeTelegram) -> Contact:
    """Somebody who phoned; the salon has a Telegram bot and an account for SMS."""
    telegram.connect(shop)
    with shop.work():
        Connection.objects.update(account={"link_base": "https://t.me/salon_bot"})
        accounts.create("sms", settings=SMSC)
        return Contact.objects.create(name="Пётр", phone="+79139876543")


def sms(shop: Salon) -> list[str]:
    with shop.work():
        return list(Message.objects.filter(key__startswith="visit-sms:").values_list("text", flat=True))


def test_one_text_with_the_page_of_messengers(shop: Salon, phoned: Contact, book: Book) -> None:
    visit = book(hours=30, contact=phoned)
    (text,) = sms(shop)
    assert f"/r/{visit.public_token}/" in text
    page = Browser().get(f"/r/{visit.public_token}/").content.decode()
    assert f"https://t.me/salon_bot?start=visit_{visit.public_token}" in page


def test_who_has_a_chat_gets_none(shop: Salon, anna: Client, book: Book) -> None:
    with shop.work():
        accounts.create("sms", settings=SMSC)
    book(hours=30)
    assert sms(shop) == []


@pytest.mark.parametrize("how", [{"origin": "online"}, {"hours": 1}])
def test_who_booked_alone_or_comes_at_once_gets_none(
    shop: Salon, phoned: Contact, book: Book, how: dict[str, Any]
) -> None:
    book(**{"hours": 30, "contact": phoned} | how)
    assert sms(shop) == []


def test_no_text_to_a_landline(shop: Salon, phoned: Contact, book: Book) -> None:
    with shop.work():
        Contact.objects.update(phone="+73812556677")
        phoned.refresh_from_db()
    book(hours=30, contact=phoned)
    assert sms(shop) == []


def test_the_owner_switches_it_off(shop: Salon, phoned: Contact, book: Book) -> None:
    olga = Person(shop.owner, shop)
    assert "one SMS" in olga.get("/calls/", headers={"accept-language": "en"}).content.decode()
    olga.post("/calls/sms/", {"on": "0"})
    with shop.work():
        shop.tenant.refresh_from_db()
    book(hours=30, contact=phoned)
    assert sms(shop) == []


def test_a_link_that_is_none_leads_nowhere(shop: Salon) -> None:
    assert Browser().get("/r/nonsense-nonsense-nonsense/").status_code == 404
