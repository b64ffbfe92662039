"""What a visitor's page reads: their thread alone, settled words only, nothing missed and nothing twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from connections.models import Connection
from conversations import webchat
from conversations.models import Message
from tests.conftest import Salon
from tests.conversations import visitor
from tests.conversations.visitor import Visitor


@pytest.fixture
def chat(live_db: Any, salon: Salon) -> Connection:
    return visitor.connect(salon)


@pytest.fixture
def anna(chat: Connection) -> Visitor:
    anna = Visitor(chat)
    anna.open()
    anna.say("Здравствуйте")
    return anna


def keys(html: str) -> list[str]:
    return re.findall(r'data-key="([^"]+)"', html)


def state(salon: Salon, message: Message) -> str:
    with salon.work():
        return Message.objects.get(pk=message.pk).state


def test_nobody_reads_without_a_session(anna: Visitor) -> None:
    for headers in ({}, {"X-Chat-Session": "x"}, {"X-Chat-Session": anna.ident + "." + "a" * 32}):
        assert Client().get(anna.path + "messages/", headers=headers).status_code == 403


def test_a_second_visitor_sees_nothing(anna: Visitor, chat: Connection, salon: Salon) -> None:
    visitor.answer(salon, anna, "Только для Анны")
    stranger = Visitor(chat)
    stranger.open()
    assert keys(stranger.read()) == []
    assert keys(stranger.read("?before=999999")) == []
    stranger.say("И я тут")
    assert "Только для Анны" not in stranger.read()
    assert "И я тут" not in anna.read()


def test_ones_own_word_is_known_by_the_pages_own_id(anna: Visitor) -> None:
    anna.say("Ещё раз", id="the-pages-own-id")
    assert "c:the-pages-own-id" in keys(anna.read())


def test_a_word_of_ours_is_seen_once_it_was_sent(anna: Visitor, salon: Salon) -> None:
    said = visitor.answer(salon, anna, "Уже иду", send=False)
    assert "Уже иду" not in anna.read()
    visitor.carry()
    assert state(salon, said) == "sent"
    assert "Уже иду" in anna.read()


def test_a_word_taken_back_is_never_seen(anna: Visitor, salon: Salon) -> None:
    said = visitor.answer(salon, anna, "Устарело", author="assistant", generation=0)
    assert state(salon, said) == "cancelled"
    assert "Устарело" not in anna.read()
    kept = visitor.answer(salon, anna, "Удалят")
    assert "Удалят" in anna.read()
    with salon.work():
        Message.objects.filter(pk=kept.pk).update(deleted_at=salon.now())
    assert "Удалят" not in anna.read()


def test_what_was_committed_late_is_not_missed(anna: Visitor, salon: Salon) -> None:
    late = visitor.answer(salon, anna, "Первое слово", send=False)
    anna.say("Позже")
    newest = max(int(found) for found in re.findall(r'data-id="(\d+)"', anna.read()))
    assert late.pk < newest
    visitor.carry()
    assert "Первое слово" in anna.read(f"?after={newest}")


def test_a_long_absence_is_told_whole(anna: Visitor, salon: Salon) -> None:
    first = int(re.findall(r'data-id="(\d+)"', anna.read())[-1])
    for number in range(webchat.PAGE + 5):
        visitor.answer(salon, anna, f"слово {number}", send=False)
    visitor.carry()
    assert len(keys(anna.read(f"?after={first}"))) == webchat.PAGE + 5
    assert len(keys(anna.read())) == webchat.PAGE


def test_earlier_words_are_read_page_by_page(anna: Visitor, salon: Salon) -> None:
    for number in range(webchat.PAGE + 5):
        visitor.answer(salon, anna, f"слово {number}", send=False)
    visitor.carry()
    newest = anna.read()
    oldest = re.search(r'data-oldest="(\d+)"', newest)
    assert oldest
    assert " data-more" in newest
    earlier = anna.read(f"?before={oldest[1]}")
    assert not set(keys(earlier)) & set(keys(newest))
    assert "Здравствуйте" in earlier
    assert " data-more" not in earlier
    assert "Здравствуйте" in anna.open(f"?before={oldest[1]}")


@pytest.mark.parametrize(
    "query", ["?after=x", "?before=-1", "?after=99999999999999999999", "?before=%00", "?after=1&after=2"]
)
def test_nonsense_in_the_address_is_the_newest_page(anna: Visitor, query: str) -> None:
    assert "Здравствуйте" in anna.read(query)


def test_who_speaks_is_named(anna: Visitor, salon: Salon) -> None:
    visitor.answer(salon, anna, "Это Ольга", user=salon.owner)
    visitor.answer(salon, anna, "Это салон", author="system")
    html = anna.read()
    assert salon.owner.name in html
    assert salon.tenant.name in html


def seen(who: Visitor, upto: Any, **headers: str) -> int:
    return who.browser.post(who.path + "seen/", {"upto": upto}, headers=headers).status_code


def test_what_was_seen_is_read_and_never_less(anna: Visitor, salon: Salon, chat: Connection) -> None:
    first = visitor.answer(salon, anna, "Раз")
    second = visitor.answer(salon, anna, "Два")
    assert seen(anna, first.pk, **{"X-Chat-Session": anna.session}) == 204
    assert (state(salon, first), state(salon, second)) == ("read", "sent")
    stranger = Visitor(chat)
    stranger.open()
    assert seen(stranger, second.pk, **{"X-Chat-Session": stranger.session}) == 204
    assert state(salon, second) == "sent"


def test_only_a_script_with_a_session_says_seen(anna: Visitor, salon: Salon) -> None:
    said = visitor.answer(salon, anna, "Раз")
    assert seen(anna, said.pk) == 403  # the cookie alone could be sent by another site
    assert seen(anna, "x", **{"X-Chat-Session": anna.session}) == 400
    assert state(salon, said) == "sent"


def test_a_chat_opened_by_a_code_is_a_touch(anna: Visitor, salon: Salon) -> None:
    from leads.models import Lead

    boris = Visitor(anna.connection)
    boris.open()
    assert boris.post(kind="start", page_url=f"https://x.example{boris.path}?start=vk_autumn").status == 200
    visitor.take_in()
    with salon.work():
        lead = Lead.objects.get(conversation__chat=boris.ident)
    assert (lead.source, lead.campaign) == ("vk", "autumn")
