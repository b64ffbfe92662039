"""The client's card: visits with money, requests with their source, and what a colleague may correct."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest

from bookings.models import Booking, BookingItem, Service, Staff
from conversations.models import Contact, Conversation
from integrations.protocols import channel
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.inbox import stage

HTMX = {"HX-Request": "true"}


def visit(salon: Salon, thread: Conversation, *, hours: float, status: str, total: int = 1500) -> Booking:
    with salon.work():
        cut, _ = Service.objects.get_or_create(name="Стрижка", defaults={"minutes": 45, "price": 1500})
        staff, _ = Staff.objects.get_or_create(name="Паша")
        start = salon.now() + dt.timedelta(hours=hours)
        end = start + dt.timedelta(minutes=45)
        booking = Booking.objects.create(
            contact_id=thread.contact_id, conversation=thread, staff=staff, status=status, starts_at=start,
            ends_at=end, during=(start, end), local_day=start.astimezone(salon.tenant.zone).date(),
            total=Decimal(total), public_token=f"t{hours}", created_at=start,
        )  # fmt: skip
        BookingItem.objects.create(booking=booking, service=cut, name=cut.name, minutes=45, price=cut.price)
        return booking


def card(person: Person, thread: Conversation) -> str:
    answer = person.get(f"/inbox/{thread.pk}/card/?part=card")
    assert answer.status_code == 200
    return answer.content.decode()


def test_visits_and_their_money(anna: Conversation, salon: Salon, olga: Person) -> None:
    visit(salon, anna, hours=26, status="confirmed", total=2400)
    visit(salon, anna, hours=-100, status="completed")
    visit(salon, anna, hours=-200, status="completed")
    visit(salon, anna, hours=-300, status="no_show")
    html = card(olga, anna)
    assert html.count("mzi-visit--coming") == 1
    assert "3\u202f000\u202f₽" in html
    assert "2\u202f400\u202f₽" in html
    assert "mz-loss" in html


def test_the_request_and_where_it_came_from(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon, touch=channel.Touch(source="vk", campaign="autumn", code="vk_autumn"))
    html = card(olga, thread)
    assert "vk · autumn" in html
    assert "Хочу на стрижку" in html


def test_a_phone_is_a_call(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon, phone="+79131234567")
    assert 'href="tel:+79131234567"' in card(olga, thread)


def test_statements_do_not_grow_with_the_visits(anna: Conversation, salon: Salon, olga: Person) -> None:
    visit(salon, anna, hours=-100, status="completed")
    few = len(stage.statements(lambda: card(olga, anna)))
    for number in range(5):
        visit(salon, anna, hours=-200 - number * 50, status="completed")
    assert len(stage.statements(lambda: card(olga, anna))) == few
    assert few <= 12


def test_a_colleague_corrects_what_is_known(anna: Conversation, salon: Salon, masha: Person) -> None:
    given = {
        "name": "Анна Петрова",
        "phone": "8 913 123-45-67",
        "tags": "постоянная, , аллергия",
        "note": "Любит тишину",
    }
    answer = masha.post(f"/inbox/{anna.pk}/contact/", given, headers=HTMX)
    assert answer.status_code == 200
    assert "dialog:close" in json.loads(answer["HX-Trigger"])
    with salon.work():
        contact = Contact.objects.get()
        assert (contact.name, contact.phone, contact.phone_verified) == (
            "Анна Петрова",
            "+79131234567",
            False,
        )
        assert (contact.tags, contact.note) == (["постоянная", "аллергия"], "Любит тишину")


def test_the_same_phone_stays_proven(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon, phone="+79131234567")
    olga.post(f"/inbox/{thread.pk}/contact/", {"name": "Анна", "phone": "+7 913 123-45-67"}, headers=HTMX)
    with salon.work():
        assert Contact.objects.get().phone_verified


def test_a_phone_that_is_none_is_told(anna: Conversation, salon: Salon, olga: Person) -> None:
    answer = olga.post(f"/inbox/{anna.pk}/contact/", {"name": "Анна", "phone": "123"}, headers=HTMX)
    assert answer.status_code == 422
    assert 'value="123"' in answer.content.decode()
    with salon.work():
        assert Contact.objects.get().phone == ""


def test_a_request_is_lost_with_a_reason_and_found_again(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    with salon.work():
        lead = Lead.objects.get()
    url = f"/inbox/{anna.pk}/leads/{lead.pk}"
    assert olga.get(f"{url}/why/").status_code == 200
    answer = olga.post(f"{url}/lose/", {"reason": "Дорого"}, headers=HTMX)
    lost = stage.fresh(salon, lead)
    assert (lost.status, lost.lost_reason) == ("lost", "Дорого")
    assert lost.closed_at is not None
    assert olga.post(f"{url}/lose/", {"reason": "Ещё раз"}, headers=HTMX).status_code == 409
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    assert olga.post(undo, headers=HTMX).status_code == 200
    back = stage.fresh(salon, lead)
    assert (back.status, back.lost_reason, back.closed_at) == ("new", "", None)


def test_a_loss_is_not_taken_back_over_a_newer_request(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    with salon.work():
        lead = Lead.objects.get()
    url = f"/inbox/{anna.pk}/leads/{lead.pk}"
    olga.post(f"{url}/lose/", {"reason": "Дорого"}, headers=HTMX)
    stage.write(salon, "Передумала, запишите")
    assert olga.post(f"{url}/restore/?status=new", headers=HTMX).status_code == 409
    with salon.work():
        assert sorted(Lead.objects.values_list("status", flat=True)) == ["lost", "new"]


@pytest.mark.parametrize("status", ["booked", "nonsense", ""])
def test_a_loss_is_taken_back_to_an_open_state_only(
    anna: Conversation, salon: Salon, olga: Person, status: str
) -> None:
    with salon.work():
        lead = Lead.objects.get()
    url = f"/inbox/{anna.pk}/leads/{lead.pk}"
    olga.post(f"{url}/lose/", {"reason": "Дорого"}, headers=HTMX)
    assert olga.post(f"{url}/restore/?status={status}", headers=HTMX).status_code == 409
    assert stage.fresh(salon, lead).status == "lost"


def test_no_reason_no_loss(anna: Conversation, salon: Salon, olga: Person) -> None:
    with salon.work():
        lead = Lead.objects.get()
    assert (
        olga.post(f"/inbox/{anna.pk}/leads/{lead.pk}/lose/", {"reason": " "}, headers=HTMX).status_code == 409
    )
    assert stage.fresh(salon, lead).status == "new"


def test_strangers_and_masters(anna: Conversation, salon: Salon, boris: Person, pasha: Person) -> None:
    with salon.work():
        lead = Lead.objects.get()
    for url in (f"/inbox/{anna.pk}/contact/", f"/inbox/{anna.pk}/leads/{lead.pk}/lose/"):
        assert boris.post(url, {"reason": "x", "name": "x"}, headers=HTMX).status_code == 404
        assert pasha.post(url, {"reason": "x"}, headers=HTMX).status_code == 403
