"""Anna, who once wrote to Olga's bot, and her visit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bookings import lifecycle
from bookings.models import Booking, Service, Staff
from conversations.models import Contact, Conversation
from fakes.telegram import FakeTelegram
from tenants.models import Tenant
from tests.assistant.stage import Client, open_shop
from tests.conftest import Salon
from tests.connections import telegram

Book = Callable[..., Booking]


@pytest.fixture
def bot(settings: Any) -> Iterator[FakeTelegram]:
    """Telegram's server."""
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.fixture
def shop(salon: Salon) -> Salon:
    """Olga's shop, flagged as a demo so that its clock can be moved."""
    open_shop(salon)
    Tenant.objects.filter(pk=salon.id)
    with salon.work():
        salon.tenant.is_demo = True
        salon.tenant.save(update_fields=["is_demo"])
    return salon


@pytest.fixture
def anna(shop: Salon, bot: FakeTelegram) -> Client:
    """A client with the bot open; the assistant is off, so that only reminders speak."""
    telegram.connect(shop)
    with shop.work():
        shop.tenant.settings = {"assistant": {"mode": "off"}}
        shop.tenant.save(update_fields=["settings"])
    client = Client.new(shop, bot)
    client.say("Здравствуйте")
    with shop.work():
        Contact.objects.update(phone="+79131234567")
    return client


@pytest.fixture
def book(shop: Salon) -> Book:
    """Books a beard for the first contact and its thread, so many hours ahead of the tenant's clock."""

    def made(*, hours: float, contact: Contact | None = None, **how: Any) -> Booking:
        with shop.work():
            now = shop.now()
            at = (now + dt.timedelta(hours=hours)).replace(second=0, microsecond=0)
            contact = contact or Contact.objects.order_by("id").first()
            thread = Conversation.objects.filter(contact=contact).order_by("id").first()
            values: dict[str, Any] = {
                "contact": contact,
                "conversation": thread,
                "services": [Service.objects.get(external_id="beard")],
                "staff": Staff.objects.get(external_id="gleb"),
                "starts_at": at,
                "now": now,
                "origin": "desk",
                "by": "salon",
            }
            return lifecycle.book(**values | how)

    _open_round_the_clock(shop)
    return made


def _open_round_the_clock(shop: Salon) -> None:
    from bookings.models import WorkingHours

    with shop.work():
        WorkingHours.objects.update(starts=dt.time.min, ends=dt.time.min)
