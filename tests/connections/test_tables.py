"""A table of requests is looked at, taken in by the door's own road, and never doubled."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from connections import accounts, dropping
from connections.models import Connection, InboundEvent
from conversations.models import Contact
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.conversations import facts

pytestmark = pytest.mark.usefixtures("live_db")

TABLE = (
    "Имя;Телефон;Услуга;Дата;utm_source\n"
    "Анна;8 (905) 123-45-67;Маникюр;23.11.2026 10:00;vk\n"
    "Олег;+79051234568;Стрижка;;\n"
    ";;только услуга;;\n"
    "Олег;+79051234568;Стрижка;;\n"
    "Вера;7,9051E+10;;;\n"
)


@pytest.fixture
def form(salon: Salon) -> Connection:
    with salon.work():
        return accounts.create("form", settings={})


def url_of(form: Connection) -> str:
    return f"/channels/{form.pk}/table/"


def look(person: Person, form: Connection, text: str | bytes = TABLE, name: str = "leads.csv") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return person.post(url_of(form), {"file": SimpleUploadedFile(name, data, "text/csv")})


def packed(answer: Any) -> str:
    found = re.search(r'name="packed" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1].replace("&quot;", '"')


def take(person: Person, form: Connection, text: str = TABLE, name: str = "leads.csv") -> Any:
    return person.post(url_of(form), {"packed": packed(look(person, form, text, name))}, follow=True)


def test_the_look_shows_what_will_be_read_and_keeps_nothing(
    form: Connection, salon: Salon, masha: Person
) -> None:
    html = look(masha, form).content.decode()
    assert "+79051234567" in html
    assert "Маникюр" in html
    assert re.search(r"<dt>Телефон</dt>\s*<dd>", html)
    with salon.work():
        assert not InboundEvent.objects.exists()


def test_lines_that_are_no_requests_are_named_with_the_reason(form: Connection, masha: Person) -> None:
    masha.cookies["django_language"] = "en"
    answer = look(masha, form)
    found = answer.context["found"]
    assert [error.line for error in found.errors] == [4, 6]
    assert found.repeated == 1
    assert [each.line for each in found.requests] == [2, 3]
    assert "только услуга" in answer.content.decode()


def test_rows_become_requests_by_the_usual_road(form: Connection, salon: Salon, masha: Person) -> None:
    answer = take(masha, form)
    assert answer.context["taken"] == {"new": 2, "known": 0, "wrong": 2}
    assert 'href="/inbox/"' in answer.content.decode()
    facts.pump()
    with salon.work():
        assert set(Contact.objects.values_list("phone", flat=True)) == {"+79051234567", "+79051234568"}
        anna = Lead.objects.get(contact__phone="+79051234567")
        assert (anna.channel_kind, anna.source) == ("form", "vk")
        assert "Маникюр" in anna.request
        assert {event.state for event in InboundEvent.objects.all()} == {"done"}


def test_the_same_file_twice_adds_nothing(form: Connection, salon: Salon, masha: Person) -> None:
    take(masha, form)
    facts.pump()
    more = TABLE + "Ольга;+79051234569;;;\n"
    assert take(masha, form, more, "again.csv").context["taken"] == {"new": 1, "known": 2, "wrong": 2}
    facts.pump()
    with salon.work():
        assert (InboundEvent.objects.count(), Lead.objects.count()) == (3, 3)


def test_a_column_that_robots_fill_in_elsewhere_is_a_column_here(
    form: Connection, salon: Salon, masha: Person
) -> None:
    take(masha, form, "Имя,Телефон,website\nАнна,+79051234567,anna.example\n")
    facts.pump()
    with salon.work():
        assert Lead.objects.count() == 1


def test_columns_of_another_senders_form_do_not_double_a_row(
    form: Connection, salon: Salon, masha: Person
) -> None:
    text = "lead_id,form_id,Name,Phone,tranid,formid\n7,9,Anna,+79051234567,123:456,form1\n"
    for _ in range(2):
        assert take(masha, form, text)
    with salon.work():
        (event,) = InboundEvent.objects.all()
        assert event.external_id.startswith("csv:")


@pytest.mark.parametrize(
    ("data", "name"), [(b"PK\x03\x04rest", "leads.xlsx"), (b"x" * (dropping.MOST_BYTES + 1), "big.csv")]
)
def test_what_cannot_be_taken_says_what_to_do(
    form: Connection, masha: Person, data: bytes, name: str
) -> None:
    answer = look(masha, form, data, name)
    assert answer.status_code == 422
    assert "CSV" in answer.content.decode() or "3" in answer.content.decode()


def test_an_empty_file_is_told(form: Connection, masha: Person) -> None:
    answer = look(masha, form, "\n\n")
    assert "packed" not in answer.content.decode()
    assert len(answer.context["found"].errors) == 1


def test_a_foreign_or_changed_page_is_refused(form: Connection, salon: Salon, masha: Person) -> None:
    given = packed(look(masha, form))
    with salon.work():
        other = accounts.create("form", settings={})
    assert masha.post(url_of(other), {"packed": given}).status_code == 422
    assert masha.post(url_of(form), {"packed": given[:-2] + "xx"}).status_code == 422
    with salon.work():
        assert not InboundEvent.objects.exists()


def test_only_of_a_form_and_only_for_those_who_answer(
    form: Connection, salon: Salon, masha: Person, pasha: Person, boris: Person, client: Any
) -> None:
    assert masha.get(f"/channels/{facts.account(salon, 'webchat').pk}/table/").status_code == 404
    assert pasha.get(url_of(form)).status_code == 403
    assert boris.get(url_of(form)).status_code == 404
    assert client.get(url_of(form)).status_code == 302


def test_the_way_to_it_stands_on_the_channels_page(form: Connection, olga: Person) -> None:
    assert url_of(form) in olga.get(f"/channels/{form.pk}/").content.decode()
