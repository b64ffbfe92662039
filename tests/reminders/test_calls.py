"""The call list, the mark with its undo, and the link that ties a messenger to a visit."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings.models import Booking, Staff
from connections.models import Connection
from conversations.models import Contact
from fakes.telegram import FakeTelegram
from leads.models import Lead
from reminders import attach, calls
from reminders.models import Reminder
from tenants import clock
from tests.assistant.stage import Client, sweep_all
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.reminders.conftest import Book


@pytest.fixture
def victor(shop: Salon) -> Contact:
    """Who booked by telephone and never wrote."""
    with shop.work():
        return Contact.objects.create(name="Виктор", phone="+79130000000", created_at=shop.now())


@pytest.fixture
def visit(shop: Salon, victor: Contact, book: Book) -> Booking:
    """His visit, which nobody could remind him of."""
    made = book(hours=27, contact=victor)
    with shop.work():
        clock.move(dt.timedelta(hours=3.2))
    sweep_all()
    return made


def test_who_when_what_and_how_to_reach(olga: Person, visit: Booking) -> None:
    page = olga.get("/calls/").content.decode()
    for shown in ("Виктор", 'href="tel:+79130000000"', "Оформление бороды", "Глеб", "Клиент не писал нам"):
        assert shown in page


def test_called_once_is_enough(olga: Person, shop: Salon, visit: Booking) -> None:
    answer = olga.post(f"/calls/{visit.pk}/called/", headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert f"/calls/{visit.pk}/undo/" in answer.headers["HX-Trigger"]
    with shop.work():
        assert calls.count(now=clock.now()) == 0
        row = Reminder.objects.get(offset_minutes=1440)
        assert (row.called_by, row.called_at is not None) == (olga.user, True)
        clock.move(dt.timedelta(hours=22))
    sweep_all()
    with shop.work():
        # Two hours before: he knows.
        last = Reminder.objects.get(offset_minutes=120)
        assert (last.state, last.reason, last.to_call) == ("skipped", "called", False)


def test_undo_brings_it_back(olga: Person, shop: Salon, visit: Booking) -> None:
    assert olga.post(f"/calls/{visit.pk}/called/").status_code == 302
    assert olga.post(f"/calls/{visit.pk}/undo/").status_code == 302
    with shop.work():
        assert calls.count(now=clock.now()) == 1


def test_a_cancelled_visit_needs_no_call(shop: Salon, visit: Booking) -> None:
    from bookings import lifecycle

    with shop.work():
        lifecycle.cancel(Booking.objects.get(pk=visit.pk), now=clock.now(), by="salon")
        assert calls.count(now=clock.now()) == 0
        assert not Reminder.objects.filter(to_call=True).exists()


def test_a_master_sees_their_own_visits_only(pasha: Person, shop: Salon, visit: Booking) -> None:
    assert "Виктор" not in pasha.get("/calls/").content.decode()
    assert pasha.post(f"/calls/{visit.pk}/called/").status_code == 404
    with shop.work():
        Staff.objects.filter(external_id="gleb").update(user=pasha.user)
    assert "Виктор" in pasha.get("/calls/").content.decode()
    assert pasha.post(f"/calls/{visit.pk}/called/").status_code == 302


def test_a_stranger_finds_nothing(boris: Person, visit: Booking) -> None:
    for path in ("called", "undo", "link"):
        ask = boris.get if path == "link" else boris.post
        assert ask(f"/calls/{visit.pk}/{path}/").status_code == 404
    assert "Виктор" not in boris.get("/calls/").content.decode()


@pytest.mark.parametrize("path", ["called", "undo"])
def test_marks_are_posts(path: str, olga: Person, visit: Booking) -> None:
    assert olga.get(f"/calls/{visit.pk}/{path}/").status_code == 405


def test_an_empty_list_says_so(olga: Person, shop: Salon) -> None:
    assert "Звонить никому не нужно" in olga.get("/calls/").content.decode()


# ---------------------------------------------------------------- attaching a messenger
@pytest.fixture
def link(shop: Salon, visit: Booking) -> attach.Link:
    """The Telegram link of Victor's visit."""
    telegram.connect(shop)
    with shop.work():
        account = Connection.objects.get(kind="telegram")
        account.account = {"link_base": "https://t.me/olga_bot"}
        account.save(update_fields=["account"])
        (found,) = [one for one in attach.links(visit) if one.kind == "telegram"]
        return found


def test_the_page_shows_link_and_code(olga: Person, visit: Booking, link: attach.Link) -> None:
    page = olga.get(f"/calls/{visit.pk}/link/").content.decode()
    assert link.url in page
    assert 'src="data:image/svg+xml' in page


def test_without_a_messenger_the_page_says_so(olga: Person, visit: Booking) -> None:
    assert "Ни один мессенджер ещё не подключён" in olga.get(f"/calls/{visit.pk}/link/").content.decode()


def test_opening_the_link_ties_the_messenger_to_the_visit(
    shop: Salon, bot: FakeTelegram, visit: Booking, victor: Contact, link: attach.Link
) -> None:
    client = Client.new(shop, bot, chat=900400, name="Витя")
    text = client.start(link.url.split("start=")[1])
    assert text.startswith("Напомним о визите здесь.")
    assert len(client.sent) == 1  # the assistant does not greet besides
    with shop.work():
        thread = client.thread()
        assert thread.contact_id == victor.pk
        assert Contact.objects.count() == 1
        assert Booking.objects.get(pk=visit.pk).conversation_id == thread.pk
        assert calls.count(now=clock.now()) == 0
        assert not Lead.objects.filter(is_test=False, status="new").exists()
        clock.move(dt.timedelta(hours=22))
    sweep_all()
    assert "через 2 часа" in client.sent[-1]["text"]


def test_somebody_else_s_messenger_stays_theirs(
    shop: Salon, bot: FakeTelegram, visit: Booking, victor: Contact, link: attach.Link
) -> None:
    wife = Client.new(shop, bot, chat=900500, name="Анна")
    wife.say("Здравствуйте")
    wife.start(link.url.split("start=")[1])
    with shop.work():
        thread = wife.thread()
        assert thread.contact.name == "Анна"
        assert Booking.objects.get(pk=visit.pk).contact_id == victor.pk
        assert Booking.objects.get(pk=visit.pk).conversation_id == thread.pk


def test_a_forged_link_is_an_ordinary_start(
    shop: Salon, bot: FakeTelegram, visit: Booking, link: attach.Link
) -> None:
    client = Client.new(shop, bot, chat=900600, name="Ева")
    assert "Напомним о визите" not in client.start("visit_nosuchtoken")
    with shop.work():
        assert Booking.objects.get(pk=visit.pk).conversation_id is None
