"""Answers name what they answer where the channel asks for it: letters, and comments under a post."""

from __future__ import annotations

from typing import Any

from connections import accounts
from conversations import courier, outbox
from conversations.models import Contact, Conversation, Message
from integrations.protocols.channel import Outgoing
from tests.conftest import Salon
from tests.conversations.test_window import INSTAGRAM, WHATSAPP

MAIL = {"address": "salon@example.com", "smtp_url": "smtps://salon:pw@smtp.example.com:465"}


def thread(salon: Salon, kind: str, settings: dict[str, str]) -> Conversation:
    return Conversation.objects.create(
        connection=accounts.create(kind, settings=settings),
        contact=Contact.objects.create(name="Анна"),
        chat="anna@example.com" if kind == "email" else "79161234567",
        last_heard_at=salon.now(),
    )


def heard(chat: Conversation, salon: Salon, external_id: str, **more: Any) -> None:
    now = salon.now()
    Message.objects.create(
        conversation=chat, contact=chat.contact, direction="in", author="client", text="?", state="received",
        external_id=external_id, created_at=now, sent_at=now, **more,
    )  # fmt: skip


def answer(chat: Conversation, salon: Salon, key: str = "k") -> Outgoing:
    message = outbox.say(chat, text="Ждём вас", author="manager", key=key, now=salon.now())
    return courier.outgoing(message, chat, chat.connection)


def test_a_letter_answers_the_last_one_under_its_subject_and_names_those_before(salon: Salon) -> None:
    with salon.work():
        chat = thread(salon, "email", MAIL)
        heard(chat, salon, "<1@a>", subject="Запись")
        heard(chat, salon, "<2@a>", subject="Re: Запись")
        sent = answer(chat, salon)
        assert (sent.reply_to, sent.subject, sent.references) == ("<2@a>", "Re: Запись", ("<1@a>", "<2@a>"))
        assert sent.by_person


def test_the_first_letter_of_ours_answers_nothing(salon: Salon) -> None:
    with salon.work():
        sent = answer(thread(salon, "email", MAIL), salon)
        assert (sent.reply_to, sent.subject, sent.references) == (None, "", ())


def test_a_comment_is_answered_in_private_and_words_in_the_chat_are_not_quoted(salon: Salon) -> None:
    with salon.work():
        chat = thread(salon, "instagram", INSTAGRAM)
        heard(chat, salon, "comment:17", kind="comment")
        assert answer(chat, salon).reply_to == "comment:17"
        heard(chat, salon, "m2")
        assert answer(chat, salon, "k2").reply_to is None


def test_messengers_quote_nothing_by_themselves(salon: Salon) -> None:
    with salon.work():
        chat = thread(salon, "whatsapp", WHATSAPP)
        heard(chat, salon, "wamid.1")
        assert answer(chat, salon).reply_to is None
