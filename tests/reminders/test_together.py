"""Many reminders at once are written as one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking
from conversations import outbox, signals
from conversations.models import Author, ButtonAction, Conversation, Delivery, Message
from reminders import dispatch, together
from reminders.models import Reminder
from tenants import clock
from tests.assistant.stage import Client
from tests.conftest import Salon
from tests.reminders.conftest import Book
from work import sweep

# What differs between any two messages.
OWN = {"id", "key", "dedup_key", "message_id", "token", "buttons"}


def values(row: Any) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname) for field in row._meta.fields if field.attname not in OWN
    }


def test_the_rows_are_those_of_the_outbox(anna: Client, shop: Salon, book: Book) -> None:
    booking = book(hours=27)
    with shop.work():
        now = clock.now()
        row = Reminder.objects.select_related("booking").get(booking=booking, offset_minutes=1440)
        thread = Conversation.objects.select_related("connection").get()
        text, heard = "Ждём вас\x00", []
        signals.message_said.connect(
            lambda sender, message, **_: heard.append(message.pk), weak=False, dispatch_uid="t"
        )
        offered = dispatch.offer(thread, booking, now=now)
        one = outbox.say(
            thread,
            text=text,
            buttons=offered,
            author=Author.SYSTEM,
            key="one",
            now=now,
            expires_at=row.expires_at,
        )
        after_one = values(Conversation.objects.get())
        Conversation.objects.update(last_text="", last_message_at=None)
        labels = [[("confirm", "Приду")], [("move", "Перенести"), ("cancel", "Отменить визит")]]
        saying = together.Saying(
            reminder=row,
            thread=Conversation.objects.select_related("connection").get(),
            text=text,
            buttons=labels,
            payload={"booking": booking.pk, "starts_at": booking.starts_at.isoformat()},
            owner=dispatch.OWNER,
            key="many",
        )
        together.say([saying], now=now)
        signals.message_said.disconnect(dispatch_uid="t")
        many = Message.objects.get(key="many")
        assert values(many) == values(Message.objects.get(pk=one.pk))
        assert values(many.deliveries.get()) == values(one.deliveries.get())
        assert values(Conversation.objects.get()) == after_one
        assert heard == [one.pk, many.pk]
        assert [[b["label"] for b in made] for made in many.buttons] == [
            [b["label"] for b in made] for made in offered
        ]
        actions = [
            ButtonAction.objects.get(token=b["value"]) for made in (*offered, *many.buttons) for b in made
        ]
        assert [values(action) for action in actions[:3]] == [values(action) for action in actions[3:]]
        row.refresh_from_db()
        assert (row.state, row.message_id, row.channel_kind) == ("done", many.pk, "telegram")
        assert Delivery.objects.count() == 2


def test_a_long_text_is_left_to_the_outbox(anna: Client, shop: Salon, book: Book) -> None:
    from reminders import texts
    from tests.assistant.stage import sweep_all

    book(hours=27)
    with shop.work():
        texts.save(1440, text="Слово. " * 800)
        clock.move(dt.timedelta(hours=3.2))
    sweep_all()
    assert len(anna.sent) == 2
    assert anna.labels == ["Приду", "Перенести", "Отменить визит"]


def test_more_reminders_take_hardly_more_statements(anna: Client, shop: Salon, book: Book) -> None:
    def statements(count: int) -> int:
        with shop.work():
            Reminder.objects.all().delete()
            Booking.objects.update(status="cancelled")
        for number in range(count):
            book(hours=27 + number * 0.6)
        with shop.work():
            Reminder.objects.filter(offset_minutes=1440).update(state="pending", due_at=shop.now())
            Reminder.objects.exclude(offset_minutes=1440).delete()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert sweep.run(sweep.queue("reminders")) == count
        return len(caught)

    # A message's own row in `message_said` listeners of other rooms may cost something; a dozen each would be wrong.
    assert statements(5) - statements(1) <= 4 * 4
