"""On WhatsApp a reminder outside the day after the client's last word is an approved text, or a call."""

from __future__ import annotations

import datetime as dt

from connections import accounts
from connections.models import Connection
from conversations.models import Contact, Conversation, Message
from reminders.models import Reminder
from tests.conftest import Salon
from tests.conversations.test_window import WHATSAPP
from tests.reminders.conftest import Book
from work import sweep


def anna_wrote(shop: Salon, *, hours_ago: float) -> None:
    with shop.work():
        now = shop.now()
        anna = Contact.objects.create(name="Анна Котова", phone="+79161234567")
        Conversation.objects.create(
            connection=accounts.create("whatsapp", settings=WHATSAPP),
            contact=anna,
            chat="79161234567",
            last_heard_at=now - dt.timedelta(hours=hours_ago),
            last_message_at=now - dt.timedelta(hours=hours_ago),
        )


def remind(shop: Salon) -> Reminder:
    sweep.run(sweep.queue("reminders"))
    with shop.work():
        return Reminder.objects.get(offset_minutes=120)


def due_now(shop: Salon) -> None:
    with shop.work():
        Reminder.objects.filter(offset_minutes=120).update(state="pending", due_at=shop.now())


def test_without_an_approved_text_a_person_calls(shop: Salon, book: Book) -> None:
    anna_wrote(shop, hours_ago=30)
    book(hours=3)
    due_now(shop)
    row = remind(shop)
    assert (row.state, row.reason, row.message_id) == ("dead", "window", None)
    with shop.work():
        assert not Message.objects.exists()


def test_an_approved_text_goes_with_name_and_time(shop: Salon, book: Book) -> None:
    anna_wrote(shop, hours_ago=30)
    with shop.work():
        told = {"templates": {"reminder": {"name": "visit_reminder", "language": "ru", "state": "APPROVED"}}}
        Connection.objects.update(account=told)
    book(hours=3)
    due_now(shop)
    assert remind(shop).state == "done"
    with shop.work():
        template = Message.objects.get().template
        assert (template["name"], template["values"][0]) == ("visit_reminder", "Анна")


def test_within_the_day_it_is_free_words_with_buttons(shop: Salon, book: Book) -> None:
    anna_wrote(shop, hours_ago=5)
    book(hours=3)
    due_now(shop)
    remind(shop)
    with shop.work():
        message = Message.objects.get()
        assert message.template is None
        assert sum(len(row) for row in message.buttons) == 3
