"""Raw leads: readable, read again, made a contact of, put away."""

from __future__ import annotations

import json

import pytest

from connections import accounts, intake, signals
from connections.models import Connection, InboundEvent
from conversations.models import Contact
from inbox import raw
from leads.models import Lead, Task
from tests.conftest import Person, Salon
from tests.inbox import stage

HTMX = {"HX-Request": "true"}
BROKEN = '{"name": "Иван", "tel": "8 913 555-44-33", "oops":'.encode()


def arrive(
    salon: Salon, body: bytes = BROKEN, *, kind: str = "form", content_type: str = "application/json"
) -> Lead:
    """Something authentic came in and could not be read."""
    with salon.work():
        form = Connection.objects.filter(kind=kind).first() or accounts.create(
            kind, settings={}, name="Форма"
        )
        now = salon.now()
        event = InboundEvent.objects.create(
            connection=form, external_id=f"e{InboundEvent.objects.count()}", raw=body,
            headers={"content-type": content_type}, received_at=now, due_at=now, state="dead", last_error="broken",
        )  # fmt: skip
        signals.unreadable.send(InboundEvent, connection=form, event=event, reason="broken JSON")
        return Lead.objects.get(event=event)


def test_it_stands_in_the_list_and_can_be_read(salon: Salon, olga: Person) -> None:
    lead = arrive(salon)
    assert "/inbox/raw/" in olga.get("/inbox/").content.decode()
    assert f"/inbox/raw/{lead.pk}/" in olga.get("/inbox/raw/").content.decode()
    html = olga.get(f"/inbox/raw/{lead.pk}/").content.decode()
    assert "8 913 555-44-33" in html
    assert "broken JSON" in html
    assert 'value="+79135554433"' in html


@pytest.mark.parametrize(
    ("body", "content_type", "shown"),
    [
        (b"name=%D0%98%D0%B2%D0%B0%D0%BD&phone=5", "application/x-www-form-urlencoded", "Иван"),
        (b'{"a":{"b":[1,2]}}', "application/json", "&quot;b&quot;"),
        (b"\xff\xfe\x00\x01" * 50, "application/octet-stream", "ff fe 00 01"),
        (b"", "text/plain", "0"),
        (b"[" * 5000, "application/json", "[[["),
        (b"<script>alert(1)</script>", "text/html", "&lt;script&gt;"),
        ("\ud800".encode("utf-8", "surrogatepass"), "text/plain", ""),
    ],
)
def test_whatever_the_bytes_are_a_person_sees_them(
    salon: Salon, olga: Person, body: bytes, content_type: str, shown: str
) -> None:
    lead = arrive(salon, body, content_type=content_type)
    answer = olga.get(f"/inbox/raw/{lead.pk}/")
    assert answer.status_code == 200
    assert shown in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_a_large_body_is_cut_and_says_so(salon: Salon) -> None:
    lead = arrive(salon, b"x" * 1_000_000, content_type="text/plain")
    with salon.work():
        shown = raw.readable(lead.event)
    assert shown.cut
    assert len(shown.text) == raw.SHOWN


def test_a_contact_is_made_of_it(salon: Salon, olga: Person) -> None:
    lead = arrive(salon)
    answer = olga.post(f"/inbox/raw/{lead.pk}/adopt/", {"name": "Иван", "phone": "8 913 555-44-33"})
    assert answer.status_code == 302
    with salon.work():
        contact = Contact.objects.get()
        assert (contact.name, contact.phone) == ("Иван", "+79135554433")
        assert Lead.objects.get().contact_id == contact.pk
        assert Task.objects.get().done_at is not None
    assert olga.get(f"/inbox/raw/{lead.pk}/").status_code == 404


def test_somebody_with_an_open_request_gets_no_second_one(salon: Salon, olga: Person) -> None:
    stage.write(salon, phone="+79135554433")
    lead = arrive(salon)
    olga.post(f"/inbox/raw/{lead.pk}/adopt/", {"name": "Иван", "phone": "+79135554433"})
    double = stage.fresh(salon, lead)
    assert double.status == "lost"
    assert double.duplicate_of_id is not None


def test_nobody_is_made_of_nothing(salon: Salon, olga: Person) -> None:
    lead = arrive(salon)
    assert olga.post(f"/inbox/raw/{lead.pk}/adopt/", {"name": " ", "phone": ""}).status_code == 422
    assert olga.post(f"/inbox/raw/{lead.pk}/adopt/", {"name": "И", "phone": "12"}).status_code == 422


def test_put_away_and_brought_back(salon: Salon, olga: Person) -> None:
    lead = arrive(salon)
    answer = olga.post(f"/inbox/raw/{lead.pk}/drop/", headers=HTMX)
    assert stage.fresh(salon, lead).status == "lost"
    assert f"/inbox/raw/{lead.pk}/" not in olga.get("/inbox/raw/").content.decode()
    olga.post(json.loads(answer["HX-Trigger"])["toast"]["undo"], headers=HTMX)
    assert stage.fresh(salon, lead).status == "new"
    with salon.work():
        assert Task.objects.filter(done_at=None).count() == 1


def test_read_again_it_becomes_the_clients_own_request(salon: Salon, olga: Person) -> None:
    lead = arrive(salon, b'{"name": "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd", "phone": "+79135554433"}')
    assert olga.post(f"/inbox/raw/{lead.pk}/replay/").status_code == 302
    from work import sweep

    sweep.run(sweep.queue("inbound"))
    with salon.work():
        event = InboundEvent.objects.get()
        assert event.state == "done", event.last_error
        read = Lead.objects.get()
        assert read.contact is not None
        assert read.contact.phone == "+79135554433"
        assert Task.objects.get(reason="raw_lead").done_at is not None


def test_what_is_being_read_is_not_read_twice(salon: Salon, olga: Person) -> None:
    lead = arrive(salon)
    with salon.work():
        intake.replay(lead.event)
        assert not raw.replay(Lead.objects.select_related("event").get(pk=lead.pk))


def test_strangers_masters_and_leads_that_are_somebodys(
    salon: Salon, boris: Person, pasha: Person, olga: Person, anna
) -> None:
    lead = arrive(salon)
    with salon.work():
        normal = Lead.objects.exclude(contact=None).get()
    for verb in ("", "replay/", "adopt/", "drop/", "restore/"):
        ask = boris.post if verb else boris.get
        assert ask(f"/inbox/raw/{lead.pk}/{verb}").status_code == 404
        assert (pasha.post if verb else pasha.get)(f"/inbox/raw/{lead.pk}/{verb}").status_code == 403
        assert (olga.post if verb else olga.get)(f"/inbox/raw/{normal.pk}/{verb}").status_code == 404
