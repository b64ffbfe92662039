"""WhatsApp takes free words for a day after the client's last one; then only a text approved before."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from connections import accounts
from conversations import outbox, window
from conversations.models import Contact, Conversation, Message
from tests.conftest import Salon

WHATSAPP = {
    "phone_number_id": "1122334455667",
    "access_token": "EAAtest",
    "app_secret": "0123456789abcdef",
    "verify_token": "verify-me",
}
INSTAGRAM = {
    "account_id": "17841400000000000",
    "access_token": "IGtest",
    "app_secret": "0123456789abcdef",
    "verify_token": "verify-me",
}
REMINDER = {"name": "visit_reminder", "language": "ru", "values": ["Анна", "24.11 15:00"]}


def thread(salon: Salon, kind: str, *, heard_hours_ago: float | None) -> Conversation:
    settings = WHATSAPP if kind == "whatsapp" else INSTAGRAM
    with salon.work():
        heard = None if heard_hours_ago is None else salon.now() - dt.timedelta(hours=heard_hours_ago)
        return Conversation.objects.create(
            connection=accounts.create(kind, settings=settings),
            contact=Contact.objects.create(name="Анна"),
            chat="79161234567",
            last_heard_at=heard,
        )


def say(salon: Salon, chat: Conversation, author: str, **more: object) -> Message:
    with salon.work():
        return outbox.say(chat, text="Ждём вас", author=author, key=author, now=salon.now(), **more)


def test_within_a_day_anybody_writes(salon: Salon) -> None:
    chat = thread(salon, "whatsapp", heard_hours_ago=23)
    assert say(salon, chat, "system").state == "pending"


@pytest.mark.parametrize("author", ["assistant", "system", "manager"])
def test_after_a_day_free_words_are_refused_with_a_reason(salon: Salon, author: str) -> None:
    chat = thread(salon, "whatsapp", heard_hours_ago=25)
    with translation.override("en"), pytest.raises(outbox.CannotWrite, match="free words"):
        say(salon, chat, author)


def test_an_approved_text_goes_through_even_to_one_who_never_wrote(salon: Salon) -> None:
    chat = thread(salon, "whatsapp", heard_hours_ago=None)
    assert say(salon, chat, "system", template=REMINDER).template == REMINDER


def test_on_instagram_a_colleague_may_still_answer_for_a_week(salon: Salon) -> None:
    chat = thread(salon, "instagram", heard_hours_ago=25)
    with pytest.raises(outbox.CannotWrite):
        say(salon, chat, "system")
    assert say(salon, chat, "manager").state == "pending"
    late = thread(salon, "instagram", heard_hours_ago=24 * 8)
    with pytest.raises(outbox.CannotWrite):
        say(salon, late, "manager")


def test_where_there_is_no_window_nothing_ends(salon: Salon) -> None:
    with salon.work():
        bot = accounts.create("telegram", settings={"bot_token": "1:AA"})
        chat = Conversation.objects.create(connection=bot, contact=Contact.objects.create(), chat="5")
        assert window.of(chat).open(salon.now())


def test_only_an_approved_template_counts() -> None:
    told = {"templates": {"reminder": {"name": "visit", "language": "ru", "state": "APPROVED"}}}
    assert window.template_of(told, "reminder") == {"name": "visit", "language": "ru"}
    told["templates"]["reminder"]["state"] = "PAUSED"
    assert window.template_of(told, "reminder") is None
    assert window.template_of({}, "reminder") is None
