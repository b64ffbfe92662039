"""Nothing is lost and nothing shown twice: refusals, floods, a bot put out, a process that dies in the middle."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core import mail

from connections.models import Connection
from fakes.telegram import error
from inbox import alerts
from inbox.group import carrier, plan
from inbox.group.models import Mirror, StaffGroup
from tests.conftest import Person
from tests.inbox.group_stage import Stage, work
from work import claim, sweep
from work.rows import State

pytestmark = pytest.mark.usefixtures("live_db")


def test_a_bot_that_is_put_out_tells_the_owner_and_the_inbox_goes_on(desk: Stage, olga: Person) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.group.put_out(lena)
    work()
    assert desk.state()[0] == "gone"
    assert "put out" in desk.state()[1]
    sweep.run(sweep.queue(alerts.QUEUE))
    (letter,) = [letter for letter in mail.outbox if "Shift" in letter.subject]
    assert letter.to == ["olga@example.com"]
    desk.client("А цена?")
    assert desk.thread().last_text == "А цена?"
    assert desk.group.words(topic)[-1] == "Анна\nЗдравствуйте"
    with desk.salon.work():
        assert not Mirror.objects.filter(state__in=(State.PENDING, State.WAITING)).exists()
    desk.group.bring_in(lena)
    work()
    assert desk.state() == ("ok", "")
    desk.client("Ау")
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nАу"


def test_a_deleted_group_is_noticed_at_the_next_word(desk: Stage) -> None:
    desk.connect()
    desk.client()
    desk.group.deleted = True
    desk.client("А цена?")
    assert desk.state()[0] == "gone"
    work()
    assert len([letter for letter in mail.outbox if "Shift" in letter.subject]) == 1


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"forum": False}, "Topics are off"),
        ({"admin": False}, "no administrator"),
        ({"manages": False}, "may not manage topics"),
    ],
)
def test_what_is_lacking_is_said_and_waited_for(desk: Stage, rights: dict[str, bool], words: str) -> None:
    desk.connect(**rights)
    state, problem = desk.state()
    assert (state, words in problem) == ("lacks", True)
    assert desk.client("Раз") == ""
    desk.group.forum = desk.group.admin = desk.group.manages = True
    desk.a_minute_later()
    assert desk.state() == ("ok", "")
    desk.a_minute_later()
    topic = desk.group.named("Анна · Telegram")
    assert desk.group.words(topic)[-1] == "Анна\nРаз"
    sweep.run(sweep.queue(alerts.QUEUE))
    assert len([letter for letter in mail.outbox if "Shift" in letter.subject]) <= 1


def test_a_crowd_waits_for_the_group_and_is_put_together(desk: Stage) -> None:
    """Telegram's twenty messages a minute: none is refused, none is lost, what waits is one message."""
    lena = desk.connect()
    topic = desk.client("Раз")
    for number in range(30):
        desk.writer.say(f"слово {number}")
    work()
    shown = desk.group.shown(topic)
    assert len(shown) < 20  # a slow machine gives the group's pace more time
    for _minute in range(3):
        desk.a_minute_later()
    said = "\n".join(desk.group.words(topic))
    assert [said.count(f"слово {number}\n") + said.endswith(f"слово {number}") for number in range(30)] == [
        1
    ] * 30
    assert len(desk.group.shown(topic)) < 20
    assert not [seen for seen in desk.server.ledger if seen.status == 429]
    lena.within(topic).say("Иду")
    work()
    assert desk.server.sent_to(900100)[-1]["text"] == "Иду"  # the client waits for no group


def test_a_flood_of_the_group_holds_up_no_client(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.group.most = 0
    desk.client("Ещё")
    with desk.salon.work():
        row = Mirror.objects.filter(kind="say").last()
        assert (row.state, row.attempts) == ("pending", 0)
        assert "Too Many Requests" in row.last_error
    lena.within(topic).say("Отвечаю")
    work()
    assert [sent["text"] for sent in desk.server.sent_to(900100)] == ["Отвечаю"]
    desk.group.most = 20
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nЕщё"


def test_a_topic_that_was_deleted_is_made_anew(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    del desk.group.topics[topic]
    desk.client("Ещё")
    desk.a_minute_later()
    again = desk.group.named("Анна · Telegram")
    assert again != topic
    assert desk.group.words(again)[-1] == "Анна\nЕщё"
    assert desk.group.card(again)


def test_a_group_with_a_new_number(desk: Stage) -> None:
    lena = desk.connect()
    desk.client()
    new = desk.server.group(-1009, "Shift", token=desk.group.token)
    lena.post({"message": {**lena.message(), "migrate_to_chat_id": new.chat}})
    work()
    desk.client("Ещё")
    desk.a_minute_later()
    assert new.words(new.named("Анна · Telegram"))[-1] == "Анна\nЕщё"
    with desk.salon.work():
        assert StaffGroup.objects.get().chat == "-1009"


def test_an_answer_that_got_lost_is_uncertain_and_said_so(desk: Stage, olga: Person) -> None:
    desk.connect()
    topic = desk.client()
    desk.server.break_off("drop")
    desk.client("Важное")
    assert ("say", "in_doubt") in desk.mirrors()
    desk.a_minute_later()
    words = desk.group.words(topic)
    assert words.count("Анна\nВажное") == 1  # it was shown, and is not shown twice
    assert words[-1].startswith("A message may be missing here.")
    with desk.salon.work():
        again = f"/inbox/groups/{StaffGroup.objects.get().pk}/again/"
    page = f"/inbox/group/{bot(desk)}/"
    assert again in olga.get(page).content.decode()
    olga.post(again)
    assert again not in olga.get(page).content.decode()
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nВажное"


def bot(desk: Stage) -> int:
    with desk.salon.work():
        return Connection.objects.get().pk


def test_a_process_that_dies_before_the_call_leaves_it_due(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    desk.writer.say("Ещё")
    sweep.run(sweep.queue("inbound"))
    claims = claim.due(Mirror, batch=10, lease=carrier.LEASE)  # taken, and the process is gone
    assert claims
    expire(desk)
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nЕщё"
    assert desk.group.words(topic).count("Анна\nЕщё") == 1


def test_a_process_that_dies_during_the_call_leaves_it_uncertain(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    desk.writer.say("Ещё")
    sweep.run(sweep.queue("inbound"))
    claims = claim.due(Mirror, batch=10, lease=carrier.LEASE)
    with desk.salon.work():
        row = Mirror.objects.get(pk=claims[-1].id)
        assert row.kind == "say"
        row.begin_call(token=claims[-1].token)
    expire(desk)
    work()
    desk.a_minute_later()
    assert ("say", "in_doubt") in desk.mirrors()
    assert desk.group.words(topic)[-1].startswith("A message may be missing here.")
    assert "Анна\nЕщё" not in desk.group.words(topic)


def expire(desk: Stage) -> None:
    """The leases of whoever held rows are over."""
    import datetime as dt

    from django.utils import timezone

    with desk.salon.work():
        Mirror.objects.filter(state__in=(State.CLAIMED, State.CALLING)).update(
            lease_until=timezone.now() - dt.timedelta(seconds=1)
        )


def test_a_client_who_cannot_be_reached_is_told_of_in_the_topic(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.server.blocked.add("900100")
    lena.within(topic)
    told = lena.message(text="Да, приходите")
    lena.post({"message": told})
    desk.a_minute_later()
    notice = desk.group.shown(topic)[-1]
    assert notice["text"].startswith("Not delivered: «Да, приходите»")
    assert notice["reply_parameters"]["message_id"] == told["message_id"]


def test_an_uncertain_delivery_is_told_of_in_the_topic(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.server.when(
        lambda seen: seen.name == "sendMessage" and seen.params().get("chat_id") == 900100,
        fault="drop",
        times=1,
    )
    lena.within(topic).say("Да")
    desk.a_minute_later()
    assert desk.group.words(topic)[-1].startswith("It is not known whether this arrived: «Да»")


def test_an_unreachable_provider_costs_nothing_but_time(desk: Stage, settings: Any) -> None:
    desk.connect()
    topic = desk.client()
    there = settings.PROVIDER_URLS
    settings.PROVIDER_URLS = {**there, "telegram": "http://127.0.0.1:9"}
    desk.client("Ещё")
    assert ("say", "pending") in desk.mirrors()
    settings.PROVIDER_URLS = there
    desk.a_minute_later()
    assert desk.group.words(topic).count("Анна\nЕщё") == 1


def test_a_dead_token_parks_what_waits(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    desk.server.revoked.add(desk.group.token)
    desk.client("Ещё")
    with desk.salon.work():
        assert Connection.objects.get().state == "broken"
        assert Mirror.objects.filter(kind="say", state="pending").count() == 1
        Connection.objects.update(state="ok")
    desk.server.revoked.clear()
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nЕщё"


def test_what_could_not_be_shown_for_a_day_is_no_news(desk: Stage) -> None:
    desk.connect(forum=False)
    desk.client("Раз")
    with desk.salon.work():
        Mirror.objects.update(expires_at=desk.salon.now())
    time.sleep(0.01)
    desk.a_minute_later()
    assert {state for _kind, state in desk.mirrors()} == {"expired"}


def test_words_that_telegram_refuses_hold_up_none_behind_them(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    desk.server.when("sendMessage", error(400, "Bad Request: something odd"), times=1)
    desk.client("Странное")
    desk.client("Обычное")
    desk.a_minute_later()
    assert ("say", "dead") in desk.mirrors()
    assert desk.group.words(topic)[-1] == "Анна\nОбычное"


def test_the_assistants_word_that_was_taken_back_is_not_shown(desk: Stage) -> None:
    from conversations import outbox
    from conversations.models import Author

    desk.connect()
    topic = desk.client()
    with desk.salon.work():
        outbox.say(
            desk.thread(),
            text="Устарело",
            author=Author.ASSISTANT,
            key="a:1",
            now=desk.salon.now(),
            generation=0,
        )
    work()
    desk.a_minute_later()
    words = desk.group.words(topic)
    assert "Assistant\nУстарело" not in words or words[-1].startswith("Not sent after all: «Устарело»")
    with desk.salon.work():
        assert plan.groups()
