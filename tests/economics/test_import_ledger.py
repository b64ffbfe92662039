"""A history from a file: whole or not at all, once, and nothing is sent because of it."""

from __future__ import annotations

import copy
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking, BookingChange, BookingItem
from conversations.models import Contact, Conversation, Delivery, Message
from economics.ledger import refusal, writing
from economics.models import MoneyEvent, Spend
from leads.models import Lead, Task, Touch
from tenants import clock, wall
from tests.economics.story import Story

MODELS = (Contact, Lead, Touch, Booking, BookingItem, BookingChange, Spend, MoneyEvent, Message, Conversation)


@pytest.fixture
def story():
    told = Story()
    told.person("old", client_since="2025-01-01")
    told.person("old-2", merged_into="old")
    lead = told.lead(
        "anna", "2026-04-02 12:00", "avito", campaign="spring", answered="2026-04-02 12:01", id="lead-1"
    )
    told.lead("anna", "2026-04-02 12:05", duplicate_of=lead, id="lead-2")
    cut = told.visit(
        "anna",
        "2026-04-10 12:00",
        lead=lead,
        made="2026-04-02 12:10",
        addons=1,
        id="visit-1",
        moved=("2026-04-05 12:00", "2026-04-11 15:00"),
    )
    told.paid(cut, "1900.00", "2026-04-11 16:00", fee="19.00")
    told.visit("old", "2026-04-12 12:00", end="cancelled", ended="2026-04-12 11:00", id="visit-2")
    told.spent("300.00", "2026-04-01", "2026-04-30", "avito")
    return told


def _rows():
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


def test_what_stands_in_the_file_stands_in_the_salon(books, story):
    counts = books.take(story)
    assert counts == {
        "contacts": 3,
        "leads": 2,
        "spend": 1,
        "services": 2,
        "addons": 1,
        "staff": 2,
        "bookings": 2,
        "payments": 1,
        "messages": 1,
    }
    with books.salon.work():
        booking = Booking.objects.get(external_id="visit-1")
        assert (booking.status, str(booking.total), str(booking.paid)) == ("completed", "1900.00", "1900.00")
        assert booking.starts_at.isoformat() == "2026-04-11T09:00:00+00:00"
        assert str(booking.local_day) == "2026-04-11"
        assert list(booking.changes.order_by("pk").values_list("kind", flat=True)) == [
            "created",
            "moved",
            "completed",
        ]
        assert Lead.objects.get(external_id="lead-1").status == "visited"
        assert Lead.objects.get(external_id="lead-2").duplicate_of.external_id == "lead-1"
        assert Contact.objects.get(external_id="old-2").merged_into.external_id == "old"


def test_a_second_time_changes_nothing(books, story):
    books.take(story)
    with books.salon.work():
        before = _rows()
    books.take(story)
    with books.salon.work():
        assert _rows() == before


def test_a_longer_file_adds_and_changes(books, story):
    books.take(story)
    story.rows["bookings"][1]["events"] = []
    story.visit("anna", "2026-05-10 12:00", id="visit-3")
    assert books.take(story)["bookings"] == 3
    with books.salon.work():
        assert Booking.objects.get(external_id="visit-2").status == "confirmed"


def test_nothing_is_sent(books, story):
    books.take(story)
    with books.salon.work():
        assert not Delivery.objects.exists()
        assert not Task.objects.exists()
        assert set(Conversation.objects.values_list("state", flat=True)) == {"closed"}
        assert set(Conversation.objects.values_list("connection__state", flat=True)) == {"off"}


def _broken(change):
    story = Story()
    lead = story.lead("anna", "2026-04-02 12:00", id="l1")
    visit = story.visit("anna", "2026-04-10 12:00", lead=lead, made="2026-04-02 12:10", id="b1")
    story.paid(visit, "1500.00", "2026-04-10 13:00")
    story.spent("300.00", "2026-04-01", "2026-04-30", "avito")
    story.rows["spend"][0]["id"] = "x1"
    document = copy.deepcopy(story.document())
    change(document)
    return document


def _set(name, field, value):
    return lambda document: document[name][0].__setitem__(field, value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("spend", "amount", "1.001"), ("spend x1", "amount")),
        (_set("spend", "amount", 1.5), ("spend x1", "amount")),
        (_set("spend", "to", "2026-03-31"), ("spend x1", "to")),
        (_set("payments", "amount", "1500.01"), ("bookings b1",)),
        (
            lambda d: d["payments"].append(
                {**d["payments"][0], "id": "p2", "kind": "refund", "amount": "1600.00"}
            ),
            ("bookings b1",),
        ),
        (_set("payments", "booking", "b9"), ("payments", "booking", "b9")),
        (_set("bookings", "staff", "nobody"), ("bookings b1", "staff")),
        (_set("bookings", "created_at", "2026-04-02T12:10:00"), ("bookings b1", "created_at")),
        (
            lambda d: d["bookings"][0]["events"][0].__setitem__("at", "2026-04-01T00:00:00+06:00"),
            ("bookings b1", "created_at"),
        ),
        (
            lambda d: d["bookings"][0]["events"].append(
                {"at": "2026-04-09T00:00:00+06:00", "type": "no_show"}
            ),
            ("bookings b1", "no_show"),
        ),
        (lambda d: d["bookings"].append({**d["bookings"][0], "id": "b2"}), ("bookings b2", "b1")),
        (
            lambda d: d["leads"].append(
                {**d["leads"][0], "id": "l2", "duplicate_of": "l1", "created_at": "2026-04-01T00:00:00+06:00"}
            ),
            ("leads l2", "duplicate_of"),
        ),
        (_set("leads", "duplicate_of", "l1"), ("leads l1", "duplicate_of")),
        (_set("contacts", "merged_into", "anna"), ("contacts anna", "merged_into")),
        (lambda d: d["contacts"].append(d["contacts"][0]), ("contacts anna", "id")),
        (lambda d: d["leads"].append("lead"), ("leads",)),
        (_set("leads", "handling_seconds", -1), ("leads l1", "handling_seconds")),
        (_set("leads", "channel", "x" * 30), ("leads l1", "channel")),
        (_set("contacts", "name", "a\x00b"), ("contacts anna", "name")),
        (
            lambda d: d["tenant"]["settings"].__setitem__("lost_after_days", "soon"),
            ("tenant", "lost_after_days"),
        ),
        (lambda d: d["tenant"].__setitem__("timezone", "Asia/Nowhere"), ("tenant", "Asia/Nowhere")),
        (lambda d: d.__setitem__("format", "other/1"), ("format",)),
    ],
)
def test_a_wrong_file_is_refused_by_name_and_leaves_nothing(salon, change, words):
    with pytest.raises(refusal.Refused) as refused, salon.work():
        writing.import_ledger(_broken(change), tenant=wall.entered_tenant(), now=clock.now())
    for word in words:
        assert word in str(refused.value)
    with salon.work():
        assert not Contact.objects.exists()
        assert not wall.entered_tenant().settings.get("economics")


def test_a_visit_in_the_calendar_stands_in_the_way(books):
    story = Story()
    story.visit("anna", "2026-04-10 12:00", id="b1")
    books.take(story)
    with books.salon.work():
        Booking.objects.update(external_id="")
    story.rows["bookings"][0]["id"] = "b2"
    with pytest.raises(refusal.Refused, match="bookings b2"):
        books.take(story)


def test_the_command(salon, story, tmp_path):
    file = tmp_path / "ledger.json"
    file.write_text(json.dumps({"ledger": story.document(), "expected": []}))
    out = StringIO()
    call_command("import_ledger", "omsk", str(file), stdout=out)
    assert json.loads(out.getvalue())["bookings"] == 2
    for words in ("[", '{"format": "other"}', "\xff"):
        file.write_text(words)
        with pytest.raises(CommandError):
            call_command("import_ledger", "omsk", str(file))
    with pytest.raises(CommandError):
        call_command("import_ledger", "omsk", str(tmp_path / "none.json"))
