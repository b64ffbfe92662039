"""Leads, contacts and deals in Bitrix24: once each, whatever is lost on the way, and in words when it refuses."""

from __future__ import annotations

import datetime as dt
import html
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bookings import catalogue, lifecycle, slots
from bookings.models import Service
from connections import accounts
from connections.hooks import Door
from connections.models import Connection
from fakes.bitrix24 import FakeBitrix24
from fakes.server import Answer
from leads import pipeline
from leads.models import Lead
from sync import dirty
from sync.models import Link, Portal
from tests.conftest import Person, Salon
from tests.connections import telegram
from work import sweep

HOURS = {day: ["10:00", "20:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
CATALOGUE = {
    "staff": [{"id": "s1", "name": "Артём", "hours": HOURS}],
    "services": [{"id": "cut", "name": "Стрижка", "minutes": 60, "price": "1500.00", "staff": ["s1"]}],
    "addons": [],
}


@pytest.fixture
def bitrix() -> Iterator[FakeBitrix24]:
    with FakeBitrix24() as running:
        yield running


@pytest.fixture
def portal(live_db: Any, salon: Salon, bitrix: FakeBitrix24) -> FakeBitrix24:
    with salon.work():
        catalogue.import_catalogue(CATALOGUE)
        accounts.create("bitrix24", settings={"webhook_url": bitrix.webhook_url})
    return bitrix


@pytest.fixture
def lead(portal: FakeBitrix24, salon: Salon) -> Lead:
    """Anna wrote from an advertisement in VK."""
    writer = telegram.Writer(Door(), telegram.connect(salon))
    writer.post(
        {
            "message": writer.message(
                text="/start vk_autumn", entities=[{"offset": 0, "length": 6, "type": "bot_command"}]
            )
        }
    )
    writer.say("Хочу на стрижку")
    for _ in range(2):
        sweep.run(sweep.queue("inbound"))
    with salon.work():
        return Lead.objects.select_related("contact").get()


def sync(salon: Salon) -> None:
    """What the worker does, with the waits between pushes cut short."""
    with salon.work():
        Link.objects.filter(dirty_since__isnull=False).update(due_at=salon.now() - dt.timedelta(seconds=1))
        Portal.objects.filter(state="pending").update(due_at=salon.now() - dt.timedelta(seconds=1))
    sweep.run(sweep.queue(dirty.QUEUE))


def book(salon: Salon, lead: Lead) -> Any:
    with salon.work():
        service, now = Service.objects.get(), salon.now()
        today = now.astimezone(salon.tenant.zone).date()
        slot = slots.find(
            services=[service], addons=[], first_day=today, last_day=today + dt.timedelta(days=3), now=now
        )[-1]
        return lifecycle.book(
            contact=lead.contact,
            services=[service],
            starts_at=slot.starts_at,
            now=now,
            origin="lead",
            by="assistant",
            lead=lead,
        )


def test_a_lead_becomes_a_contact_and_a_deal_with_its_source(
    lead: Lead, portal: FakeBitrix24, salon: Salon
) -> None:
    sync(salon)
    (deal,), (contact,) = portal.portal.deals, portal.portal.contacts
    assert deal["utmSource"] == "vk"
    assert deal["utmCampaign"] == "autumn"
    assert contact["name"] == "Анна"
    assert contact["id"] in deal["contactIds"]
    with salon.work():
        link = Link.objects.get(kind="lead")
        assert (link.remote_id, link.dirty_since) == (str(deal["id"]), None)
        assert Portal.objects.get().matching["pipeline"] == "0"


def test_a_booking_moves_the_deal_and_brings_the_amount(
    lead: Lead, portal: FakeBitrix24, salon: Salon
) -> None:
    sync(salon)
    before = portal.portal.deals[0]["stageId"]
    book(salon, lead)
    sync(salon)
    (deal,) = portal.portal.deals
    assert deal["stageId"] != before
    assert float(deal["opportunity"]) == 1500.0


def test_a_lost_answer_makes_no_double(lead: Lead, portal: FakeBitrix24, salon: Salon) -> None:
    portal.on("crm.item.add", fault="drop", times=1)
    sync(salon)
    for _ in range(3):
        sync(salon)
    assert (len(portal.portal.contacts), len(portal.portal.deals)) == (1, 1)
    with salon.work():
        assert Link.objects.get(kind="lead").dirty_since is None


def test_many_changes_are_one_row_that_is_due(lead: Lead, portal: FakeBitrix24, salon: Salon) -> None:
    with salon.work():
        for status in ("contacted", "qualified"):
            pipeline.advance(Lead.objects.select_related("contact").get(), status, now=salon.now())
        assert Link.objects.filter(kind="lead").count() == 1
    sync(salon)
    assert len(portal.portal.deals) == 1


def test_a_change_during_the_push_is_pushed_next(lead: Lead, portal: FakeBitrix24, salon: Salon) -> None:
    sync(salon)
    with salon.work():
        Link.objects.filter(kind="lead").update(version=9, dirty_since=salon.now(), pushed_version=1)
        dirty.wake(Connection.objects.get(kind="bitrix24"), now=salon.now())
    sync(salon)
    with salon.work():
        assert Link.objects.get(kind="lead").pushed_version == 9


def test_a_portal_that_refuses_rest_is_told_plainly_and_nothing_is_lost(
    lead: Lead, portal: FakeBitrix24, salon: Salon, olga: Person
) -> None:
    portal.portal.plan = False
    sync(salon)
    with salon.work():
        trouble = Portal.objects.get().trouble
        assert trouble
        assert Connection.objects.get(kind="bitrix24").state == "broken"
        assert Link.objects.get(kind="lead").dirty_since is not None
    assert trouble[:40] in html.unescape(olga.get("/crm/").content.decode())
    portal.portal.plan = True
    olga.post("/crm/check/")
    sync(salon)
    assert len(portal.portal.deals) == 1


def test_an_overloaded_portal_is_asked_later(lead: Lead, portal: FakeBitrix24, salon: Salon) -> None:
    portal.on("", Answer(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": ""}), times=2)
    sync(salon)
    assert portal.portal.deals == []
    for _ in range(5):  # the wire keeps its distance for some seconds
        time.sleep(4)
        sync(salon)
        if portal.portal.deals:
            break
    assert len(portal.portal.deals) == 1


def test_connecting_in_the_browser_shows_what_was_understood(
    live_db: Any, olga: Person, bitrix: FakeBitrix24
) -> None:
    assert olga.get("/crm/").status_code == 200
    olga.post("/crm/connect/", {"webhook_url": bitrix.webhook_url})
    page = olga.get("/crm/").content.decode()
    assert bitrix.portal.stages_of(2)[0]["NAME"] in page
    assert bitrix.webhook_url not in page


def test_a_wrong_address_says_what_one_looks_like(live_db: Any, olga: Person) -> None:
    olga.post("/crm/connect/", {"webhook_url": "https://example.com/"})
    assert "bitrix24.ru/rest/1/" in olga.get("/crm/").content.decode()


def test_only_the_owner_connects(live_db: Any, masha: Person, bitrix: FakeBitrix24) -> None:
    assert masha.post("/crm/connect/", {"webhook_url": bitrix.webhook_url}).status_code == 403
