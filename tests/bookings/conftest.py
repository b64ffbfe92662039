"""Olga's shop: Pasha cuts and shaves, Gleb only cuts; Monday to Saturday with an hour for lunch."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from bookings import catalogue, lifecycle
from bookings.models import Addon, Booking, Service, Staff
from conversations.models import Contact
from tests.browser.conftest import chromium, house
from tests.conftest import Salon

__all__ = ["chromium", "house"]  # fixtures of the walks

HOURS = ["10:00", "14:00", "15:00", "20:00"]
WORKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat")
PRICE_LIST: dict[str, Any] = {
    "staff": [
        {"id": "pasha", "name": "Паша", "hours": dict.fromkeys(WORKDAYS, HOURS)},
        {"id": "gleb", "name": "Глеб", "hours": dict.fromkeys(WORKDAYS, HOURS)},
    ],
    "services": [
        {
            "id": "cut",
            "name": "Мужская стрижка",
            "category": "Стрижки",
            "minutes": 45,
            "buffer_minutes": 15,
            "price": "1500.00",
            "cost": "120.00",
            "staff": ["pasha", "gleb"],
            "synonyms": ["подстричься"],
            "addons": ["wax"],
        },
        {"id": "beard", "name": "Борода", "category": "", "minutes": 30, "price": "900", "staff": ["pasha"]},
    ],
    "addons": [{"id": "wax", "name": "Воск", "minutes": 15, "price": "400.00", "script": "Добавим воск?"}],
}


@dataclasses.dataclass
class Shop:
    """A salon with its price list."""

    salon: Salon
    pasha: Staff
    gleb: Staff
    cut: Service
    beard: Service
    wax: Addon

    def at(self, day: dt.date, clock: str) -> dt.datetime:
        """A wall-clock time of the salon."""
        return dt.datetime.combine(day, dt.time.fromisoformat(clock), self.salon.tenant.zone)

    def monday(self) -> dt.date:
        """A Monday at least a week ahead of the real clock."""
        today = self.salon.now().astimezone(self.salon.tenant.zone).date()
        return today + dt.timedelta(days=14 - today.weekday())

    def anna(self) -> Contact:
        """A client."""
        found = Contact.objects.filter(phone="+79131234567").first()
        return found or Contact.objects.create(name="Анна", phone="+79131234567")

    def book(self, starts_at: dt.datetime, **how: Any) -> Booking:
        """A cut with Pasha for Anna, unless told otherwise; inside the tenant."""
        if "contact" not in how:
            how["contact"] = self.anna()
        how = {
            "services": [self.cut],
            "staff": self.pasha,
            "now": self.salon.now(),
            "origin": "desk",
            "by": "salon",
        } | how
        return lifecycle.book(starts_at=starts_at, **how)


def open_shop(salon: Salon) -> Shop:
    """Fills a salon with the price list."""
    with salon.work():
        catalogue.import_catalogue(PRICE_LIST)
        return Shop(
            salon,
            pasha=Staff.objects.get(external_id="pasha"),
            gleb=Staff.objects.get(external_id="gleb"),
            cut=Service.objects.get(external_id="cut"),
            beard=Service.objects.get(external_id="beard"),
            wax=Addon.objects.get(external_id="wax"),
        )


@pytest.fixture
def shop(salon: Salon) -> Shop:
    """Olga's shop."""
    return open_shop(salon)


@pytest.fixture
def boris_shop(other_salon: Salon) -> Shop:
    """Boris's shop, with the very same file."""
    return open_shop(other_salon)
