"""Typing is seen on both sides, silence is told honestly, and the talk goes on in another browser."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from connections import accounts
from connections.models import Connection
from conversations import away, returning, signals, visitors
from conversations.models import Contact, Conversation
from tests.conftest import Salon
from tests.conversations import visitor
from tests.conversations.visitor import Visitor


@pytest.fixture
def anna(live_db: Any, salon: Salon) -> Visitor:
    anna = Visitor(visitor.connect(salon))
    anna.open()
    anna.say("Здравствуйте")
    return anna


def thread_of(salon: Salon, anna: Visitor) -> Conversation:
    with salon.work():
        return Conversation.objects.get(chat=anna.ident)


def held(salon: Salon, anna: Visitor, *, minutes: int = 0) -> None:
    """A person holds the thread, and the visitor has waited so long."""
    with salon.work():
        Conversation.objects.filter(chat=anna.ident).update(
            holder="person", waiting_since=salon.now() - dt.timedelta(minutes=minutes)
        )


# ---------------------------------------------------------------- typing
def test_colleagues_hear_that_the_visitor_types_and_no_word_of_it(
    anna: Visitor, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kit import live

    heard: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(live, "publish", lambda topic, event: heard.append((topic, event)))
    url = f"{anna.path}typing/"
    answer = anna.browser.post(url, headers={"X-Chat-Session": anna.session})
    assert answer.status_code == 204
    thread = thread_of(salon, anna)
    assert heard == [(f"tenant:{salon.id}", {"event": "typing", "id": thread.pk, "user": "client"})]


def test_typing_takes_the_visitors_own_proof_and_is_a_hint_only(anna: Visitor, salon: Salon) -> None:
    told: list[int] = []

    def hear(sender: Any, conversation: Any, **_: Any) -> None:
        told.append(conversation.pk)

    signals.visitor_typing.connect(hear)
    try:
        url = f"{anna.path}typing/"
        assert anna.browser.post(url).status_code == 403  # a cookie is no proof here
        assert anna.browser.post(url, headers={"X-Chat-Session": anna.session + "x"}).status_code == 403
        for _ in range(10):
            anna.browser.post(url, headers={"X-Chat-Session": anna.session})
        assert 1 <= len(told) <= 4
        stranger = Visitor(anna.connection)
        stranger.open()
        before = len(told)
        stranger.browser.post(url, headers={"X-Chat-Session": stranger.session})
        assert len(told) == before  # nothing was said: there is no thread
    finally:
        signals.visitor_typing.disconnect(hear)


# ---------------------------------------------------------------- nobody answers
def test_silence_is_told_after_some_minutes_and_ends_with_an_answer(anna: Visitor, salon: Salon) -> None:
    held(salon, anna)
    assert "mz-chat__away" not in anna.read()
    held(salon, anna, minutes=6)
    assert "mz-chat__away" in anna.read()
    assert "mz-chat__away" in anna.open()  # without JavaScript too
    visitor.answer(salon, anna, "Я здесь")
    assert "mz-chat__away" not in anna.read()


def test_outside_hours_it_says_when_somebody_is_there(anna: Visitor, salon: Salon) -> None:
    opens = salon.now() + dt.timedelta(hours=9)

    def hours(sender: Any, now: Any, **_: Any) -> dt.datetime:
        return opens

    held(salon, anna)
    signals.opening_asked.connect(hours)
    try:
        with salon.work():
            told = away.of(Conversation.objects.get(chat=anna.ident), now=salon.now())
        assert told is not None
        assert told.opens_at == opens
        shown = opens.astimezone(salon.tenant.zone)
        assert f"{shown:%H:%M}" in anna.read()
    finally:
        signals.opening_asked.disconnect(hours)


def test_while_the_assistant_answers_nothing_is_said(anna: Visitor, salon: Salon) -> None:
    with salon.work():
        Conversation.objects.filter(chat=anna.ident).update(
            holder="assistant", waiting_since=salon.now() - dt.timedelta(hours=1)
        )
    assert "mz-chat__away" not in anna.read()


def test_messengers_are_offered_by_their_links(anna: Visitor, salon: Salon) -> None:
    with salon.work():
        bot = accounts.create("telegram", settings={"bot_token": "700000001:AAtest"})
        Connection.objects.filter(pk=bot.pk).update(account={"link_base": "https://t.me/omsk_bot"})
        broken = accounts.create("max", settings={"bot_token": "t"})
        Connection.objects.filter(pk=broken.pk).update(
            account={"link_base": "https://max.ru/omsk"}, state="broken"
        )
    held(salon, anna, minutes=6)
    html = anna.read()
    assert 'href="https://t.me/omsk_bot?start=site_chat"' in html
    assert "max.ru" not in html


def test_an_e_mail_is_left_with_and_without_the_script(anna: Visitor, salon: Salon) -> None:
    anna.post(kind="contact", phone="", email="anna@mail.example", name="Анна", text="anna@mail.example")
    visitor.take_in()
    with salon.work():
        assert Contact.objects.get(email="anna@mail.example").name == "Анна"
    vera = Visitor(anna.connection)
    vera.open()
    vera.browser.post(vera.path, {"contact": "1", "phone": "", "email": "vera@mail.example", "name": "Вера"})
    visitor.take_in()
    with salon.work():
        assert Contact.objects.filter(email="vera@mail.example").exists()
    held(salon, anna, minutes=6)
    with salon.work():
        told = away.of(Conversation.objects.get(chat=anna.ident), now=salon.now())
    assert told is not None
    assert (told.has_email, told.has_phone) == (True, False)


# ---------------------------------------------------------------- another browser
def link_of(anna: Visitor) -> str:
    html = anna.browser.get(f"{anna.path}go-on/").content.decode()
    found = re.search(r'value="(\S+/back/\S+/)"', html)
    assert found
    assert "data:image/svg+xml" in html
    return "/w/" + found[1].split("/w/")[1]


def test_the_link_opens_the_thread_in_another_browser_at_the_press_of_a_button(anna: Visitor) -> None:
    url = link_of(anna)
    phone = Client()
    page = phone.get(url)
    assert "Здравствуйте" not in page.content.decode()
    assert not phone.cookies.get(visitors.COOKIE)  # a preview does nothing
    answer = phone.post(url)
    assert (answer.status_code, answer["Location"]) == (303, f"{anna.path}?back=1")
    html = phone.get(answer["Location"]).content.decode()
    assert "Здравствуйте" in html
    assert f'data-session="{anna.session}"' in html


def test_a_button_on_another_site_cannot_put_somebody_into_a_thread(anna: Visitor) -> None:
    url = link_of(anna)
    assert Client(enforce_csrf_checks=True).post(url).status_code == 403


def test_a_forged_old_or_foreign_link_is_none(anna: Visitor, salon: Salon) -> None:
    account = visitors.account_of(visitor.token_of(anna.connection))
    assert account is not None
    mine = visitors.by_session(account, anna.session)
    assert mine is not None
    good = returning.proof(mine)
    assert returning.visitor_of(account, good) == mine
    today = int(good.split(".")[1])
    assert returning.visitor_of(account, returning.proof(mine, day=today - returning.DAYS - 1)) is None
    assert returning.visitor_of(account, returning.proof(mine, day=today + 1)) is None
    assert returning.visitor_of(account, good[:-1] + ("A" if good[-1] != "A" else "B")) is None
    other = Visitor(visitor.connect(salon))
    foreign = visitors.account_of(visitor.token_of(other.connection))
    assert foreign is not None
    assert returning.visitor_of(foreign, good) is None
    assert Client().post(f"{anna.path}back/{good[:-4]}AAAA/").status_code == 410


def test_who_said_nothing_has_no_link(anna: Visitor) -> None:
    stranger = Visitor(anna.connection)
    stranger.open()
    assert stranger.browser.get(f"{anna.path}go-on/").status_code == 302
    assert Client().get(f"{anna.path}go-on/").status_code == 302
