"""Phone calls through the telephony's real hook: a line, a request, a to-do and a text, in whatever order told."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections.hooks import Door
from connections.models import Connection, InboundEvent
from conversations import textback
from conversations.models import Call, Conversation, MediaFile, Message
from integrations.protocols import channel
from leads.models import Lead, Task
from tenants import clock
from tests.conftest import Salon
from tests.conversations import facts

PHONE, TYPED = "+79131234567", "89131234567"


@pytest.fixture
def exchange(live_db: Any, salon: Salon) -> facts.Exchange:
    return facts.Exchange(Door(), salon)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an SMS may ring is asked by the salon's clock: here it is noon for it."""
    monkeypatch.setattr(textback, "NIGHT_FROM", 25)
    monkeypatch.setattr(textback, "NIGHT_TO", 0)


def call(salon: Salon) -> Call:
    with salon.work():
        return Call.objects.select_related("contact", "message").get()


def texts(salon: Salon) -> list[Message]:
    with salon.work():
        found = Message.objects.filter(key__startswith=textback.KEY).select_related(
            "conversation__connection"
        )
        return list(found.order_by("id"))


def happened(state: str, ident: str = "c1", phone: str = PHONE, **more: Any) -> channel.CallHappened:
    return channel.CallHappened(external_id=ident, state=state, phone=phone, **more)  # type: ignore[arg-type]


def test_a_missed_call_is_a_request_and_a_todo_at_once(exchange: facts.Exchange, salon: Salon) -> None:
    exchange.rings("c1", TYPED)
    facts.pump()
    assert call(salon).state == "ringing"
    with salon.work():
        assert not Lead.objects.exists()
    exchange.missed("c1", TYPED)
    facts.pump()
    made = call(salon)
    assert (made.state, made.phone, made.dialled, made.waited) == ("missed", PHONE, "+73812001122", 20)
    with salon.work():
        lead, task, thread = Lead.objects.get(), Task.objects.get(), Conversation.objects.get()
        assert (lead.contact_id, lead.channel_kind, lead.status) == (made.contact_id, "telephony", "new")
        assert lead.touches.get().number == "+73812001122"
        assert (task.reason, task.lead_id, task.done_at, task.conversation_id) == (
            "missed_call", lead.pk, None, thread.pk,
        )  # fmt: skip
        assert task.due_at <= clock.now()
        assert (thread.chat, thread.holder, thread.unread) == (PHONE, "none", 1)
        assert thread.last_text
        line = Message.objects.get()
        assert (line.kind, line.direction, line.media[0]["state"]) == ("call", "in", "missed")


def test_a_repeat_adds_nothing(exchange: facts.Exchange, salon: Salon) -> None:
    exchange.missed("c1", TYPED)
    facts.pump()
    facts.hear(salon, "telephony", happened("missed"))
    facts.hear(salon, "telephony", happened("missed", ident="c2"))
    with salon.work():
        assert (Call.objects.count(), Lead.objects.count(), Task.objects.count()) == (2, 1, 1)
        assert Message.objects.filter(kind="call").count() == 2


def test_a_talk_is_a_line_with_its_length_who_answered_and_the_recording(
    exchange: facts.Exchange, salon: Salon
) -> None:
    exchange.talked("c1", TYPED, seconds=151, link="https://vats.example/records/c1.mp3")
    facts.pump()
    made = call(salon)
    assert (made.state, made.seconds, made.answered_by) == ("ended", 151, "masha")
    assert made.message is not None
    assert made.message.media[0] | {"waited": 0} == {
        "kind": "call", "state": "ended", "direction": "in", "seconds": 151, "answered_by": "masha", "waited": 0,
    }  # fmt: skip
    with salon.work():
        file = MediaFile.objects.get()
        assert (file.message_id, file.kind) == (made.message_id, "audio")
        lead = Lead.objects.get()
        assert lead.status == "contacted"
        assert lead.first_human_reply_at is not None
        assert not Task.objects.exists()
        assert "2:31" in Conversation.objects.get().last_text


@pytest.mark.parametrize("order", list(itertools.permutations(["ringing", "answered", "ended", "recorded"])))
def test_the_order_of_events_changes_nothing(salon: Salon, order: tuple[str, ...]) -> None:
    more: dict[str, dict[str, Any]] = {
        "ringing": {},
        "answered": {"answered_by": "Маша"},
        "ended": {"seconds": 151, "waited": 9},
        "recorded": {"recording": channel.Media(kind="audio", url="https://vats.example/c1.mp3")},
    }
    for state in order:
        facts.hear(salon, "telephony", happened(state, **more[state]))
    made = call(salon)
    assert (made.state, made.seconds, made.waited, made.answered_by) == ("ended", 151, 9, "Маша")
    with salon.work():
        assert MediaFile.objects.count() == 1
        assert Message.objects.count() == 1
        assert (Lead.objects.get().status, Task.objects.count()) == ("contacted", 0)


@pytest.mark.parametrize(
    ("states", "last", "asks"),
    [
        (["missed", "ended"], "missed", True),  # both are told of a missed call: nobody talked
        (["ended", "missed"], "missed", True),
        (["missed", "recorded"], "missed", True),  # a message on the machine is no talk
        (["answered", "missed"], "answered", False),  # another extension gave up
        (["missed", "answered"], "answered", False),
    ],
)
def test_a_call_goes_up_only(salon: Salon, states: list[str], last: str, asks: bool) -> None:
    for state in states:
        facts.hear(salon, "telephony", happened(state, seconds=0 if state == "ended" else None))
    assert call(salon).state == last
    with salon.work():
        assert Task.objects.filter(done_at=None).exists() is asks


@pytest.mark.parametrize("out", [False, True])
def test_a_talk_closes_the_todo(exchange: facts.Exchange, salon: Salon, out: bool) -> None:
    exchange.missed("c1", TYPED)
    facts.pump()
    exchange.talked("c2", TYPED, out=out)
    facts.pump()
    with salon.work():
        task, lead = Task.objects.get(), Lead.objects.get()
        assert task.done_at is not None
        assert (lead.status, lead.first_human_reply_at is not None) == ("contacted", True)


def test_a_call_back_that_nobody_takes_closes_nothing(salon: Salon) -> None:
    facts.hear(salon, "telephony", happened("missed"))
    facts.hear(salon, "telephony", happened("missed", ident="c2", direction="out"))
    with salon.work():
        assert Task.objects.get().done_at is None
        assert Lead.objects.count() == 1
        out = Message.objects.get(kind="call", direction="out")
        assert (out.author, out.media[0]["state"]) == ("manager", "missed")


def test_nobody_is_made_of_a_number_that_the_salon_dialled(salon: Salon) -> None:
    facts.hear(salon, "telephony", happened("ended", direction="out", seconds=30))
    assert facts.people(salon) == []
    assert call(salon).state == "ended"


def test_a_hidden_number_leaves_its_call_alone(salon: Salon) -> None:
    facts.hear(salon, "telephony", happened("missed", phone=""))
    assert (call(salon).contact, facts.people(salon)) == (None, [])


def test_a_tracked_number_tells_the_source(salon: Salon) -> None:
    from leads.models import TrackedLink

    with salon.work():
        TrackedLink.objects.create(
            name="Листовка",
            number="+73812001122",
            source="leaflet",
            campaign="autumn",
            created_at=clock.now(),
        )
    facts.hear(salon, "telephony", happened("missed", dialled="+73812001122"))
    with salon.work():
        lead = Lead.objects.get()
        assert (lead.source, lead.campaign) == ("leaflet", "autumn")


# ---------------------------------------------------------------- the text
def test_who_has_a_messenger_gets_the_text_there(salon: Salon) -> None:
    thread = facts.write(salon, "telegram", "900100", phone=PHONE, phone_verified=True)
    facts.account(salon, "sms")
    facts.hear(salon, "telephony", happened("missed"))
    (text,) = texts(salon)
    assert (text.conversation_id, text.author, text.state) == (thread.pk, "system", "pending")
    assert salon.tenant.name in text.text
    with salon.work():
        assert Lead.objects.get().first_reply_at is None  # a notice is no answer


def test_anybody_else_gets_an_sms(salon: Salon, noon: None) -> None:
    facts.account(salon, "sms")
    facts.hear(salon, "telephony", happened("missed"))
    (text,) = texts(salon)
    assert (text.conversation.connection.kind, text.conversation.chat) == ("sms", PHONE)
    (person,) = facts.people(salon)
    assert text.contact_id == person.pk
    assert "{" not in text.text


def test_one_text_in_twelve_hours(salon: Salon, noon: None) -> None:
    facts.account(salon, "sms")
    for number in range(3):
        facts.hear(salon, "telephony", happened("missed", ident=f"c{number}"))
    assert len(texts(salon)) == 1
    with salon.work():
        Message.objects.filter(key__startswith=textback.KEY).update(
            created_at=clock.now() - dt.timedelta(hours=13)
        )
    facts.hear(salon, "telephony", happened("missed", ident="c9"))
    assert len(texts(salon)) == 2


def test_no_sms_at_night(salon: Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.account(salon, "sms")
    hour = salon.now().astimezone(ZoneInfo("Asia/Omsk")).hour
    monkeypatch.setattr(textback, "NIGHT_TO", hour + 1)
    monkeypatch.setattr(textback, "NIGHT_FROM", 25)
    facts.hear(salon, "telephony", happened("missed"))
    assert texts(salon) == []
    monkeypatch.setattr(textback, "NIGHT_TO", 0)
    monkeypatch.setattr(textback, "NIGHT_FROM", hour)
    facts.hear(salon, "telephony", happened("missed", ident="c2"))
    assert texts(salon) == []
    monkeypatch.setattr(textback, "NIGHT_FROM", hour + 1)
    facts.hear(salon, "telephony", happened("missed", ident="c3"))
    assert len(texts(salon)) == 1


@pytest.mark.parametrize("phone", ["+73812001122", ""])
def test_no_sms_to_a_landline_or_to_nobody(salon: Salon, noon: None, phone: str) -> None:
    facts.account(salon, "sms")
    facts.hear(salon, "telephony", happened("missed", phone=phone))
    assert texts(salon) == []


def test_a_colleague_who_calls_is_no_client(salon: Salon, noon: None) -> None:
    facts.account(salon, "sms")
    thread = facts.write(salon, "telegram", "900100", phone=PHONE, phone_verified=True)
    with salon.work():
        Lead.objects.all().delete()
        Conversation.objects.filter(pk=thread.pk).update(not_a_client=True)
    facts.hear(salon, "telephony", happened("missed"))
    with salon.work():
        assert (Lead.objects.count(), Task.objects.count(), texts(salon)) == (0, 0, [])
        assert Call.objects.count() == 1


def test_switched_off_or_in_own_words(salon: Salon, noon: None) -> None:
    facts.account(salon, "sms")
    with salon.work():
        salon.tenant.refresh_from_db()
        textback.choose(salon.tenant, textback.Choice(on=False))
    facts.hear(salon, "telephony", happened("missed"))
    assert texts(salon) == []
    with salon.work():
        textback.choose(salon.tenant, textback.Choice(sms_text="{business}: перезвоним!"))
    facts.hear(salon, "telephony", happened("missed", ident="c2"))
    assert [text.text for text in texts(salon)] == ["Барбершоп «Омск»: перезвоним!"]


@pytest.mark.parametrize("obstacle", ["blocked", "broken", "private", "not_a_client_elsewhere"])
def test_a_chat_that_takes_nothing_is_passed_by(salon: Salon, noon: None, obstacle: str) -> None:
    thread = facts.write(salon, "telegram", "900100", phone=PHONE, phone_verified=True)
    facts.account(salon, "sms")
    with salon.work():
        row = Conversation.objects.filter(pk=thread.pk)
        if obstacle == "blocked":
            row.update(blocked_at=clock.now())
        elif obstacle == "private":
            row.update(is_private=True)
        elif obstacle == "broken":
            Connection.objects.filter(kind="telegram").update(state="broken")
        else:
            row.update(last_heard_at=None)
    facts.hear(salon, "telephony", happened("missed"))
    assert [text.conversation.connection.kind for text in texts(salon)] == ["sms"]


def test_the_link_of_a_text_is_left_out_where_there_is_none(salon: Salon) -> None:
    with salon.work():
        assert textback.fill("Перезвоним! Или пишите: {link}", salon.tenant) == "Перезвоним!"
        assert textback.fill("{link}", salon.tenant) == ""
    bot = facts.account(salon, "telegram")
    with salon.work():
        Connection.objects.filter(pk=bot.pk).update(account={"link_base": "https://t.me/omsk_bot"})
        assert textback.fill("Пишите: {link}", salon.tenant) == "Пишите: https://t.me/omsk_bot"


def test_every_event_of_a_call_was_read(exchange: facts.Exchange, salon: Salon) -> None:
    exchange.rings("c1", TYPED)
    exchange.missed("c1", TYPED)
    facts.pump()
    with salon.work():
        assert set(InboundEvent.objects.values_list("state", flat=True)) == {"done"}
