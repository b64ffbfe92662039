"""The hosted chat page: one visitor's own thread, kept by a cookie, and usable without JavaScript."""

from __future__ import annotations

import html as html_words
import re
from typing import Any

import pytest
from django.test import Client

from connections.models import Connection, ConnectionState, InboundEvent
from conversations import buttons, webchat
from conversations.models import Contact, Conversation, Message
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.conversations import visitor
from tests.conversations.visitor import Visitor


@pytest.fixture
def chat(salon: Salon) -> Connection:
    return visitor.connect(salon)


@pytest.fixture
def anna(chat: Connection) -> Visitor:
    """Reads the page; writes only where a test has `live_db`."""
    anna = Visitor(chat)
    anna.open()
    return anna


def fields(html: str, form: str) -> dict[str, str]:
    """The hidden fields of a form of the page, by a word of its tag."""
    body = next(part for part in html.split("<form")[1:] if form in part.split(">")[0]).split("</form>")[0]
    return {
        name: html_words.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', body)
    }


def send(who: Visitor, **told: str) -> Any:
    """Sends the plain form of a freshly loaded page."""
    carried = fields(who.open(), "data-chat-write")
    return who.browser.post(who.path, carried | told)


def threads(salon: Salon) -> list[Conversation]:
    with salon.work():
        return list(Conversation.objects.select_related("contact").order_by("id"))


def texts(salon: Salon) -> list[str]:
    with salon.work():
        return list(Message.objects.order_by("id").values_list("text", flat=True))


# ---------------------------------------------------------------- whose page it is
@pytest.mark.parametrize("token", ["A" * 32, "x", "-" * 64, "0" * 300])
def test_an_unknown_address_is_no_chat(token: str, chat: Connection) -> None:
    for path in (f"/w/{token}/", f"/w/{token}.js", f"/w/{token}/messages/"):
        assert Client().get(path).status_code == 404


def test_only_a_live_site_chat_has_a_page(salon: Salon, chat: Connection) -> None:
    from connections import accounts

    with salon.work():
        bot = accounts.create("telegram", settings={"bot_token": "700000001:AAtest"})
        path = f"/w/{accounts.token_of(bot)}/"
    assert Client().get(path).status_code == 404
    with salon.work():
        Connection.objects.filter(pk=chat.pk).update(state=ConnectionState.OFF)
    assert Client().get(Visitor(chat).path).status_code == 404


def test_looking_leaves_no_row(salon: Salon, anna: Visitor) -> None:
    anna.open("?utm_source=vk")
    assert threads(salon) == []
    with salon.work():
        assert InboundEvent.objects.count() == Contact.objects.count() == 0


def test_the_page_names_the_business_and_may_be_framed(anna: Visitor, salon: Salon) -> None:
    answer = anna.browser.get(anna.path)
    assert salon.tenant.name in answer.content.decode()
    policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
    assert policy["frame-ancestors"] == "*"
    assert policy["script-src"] == policy["default-src"] == policy["form-action"] == "'self'"
    assert "X-Frame-Options" not in answer
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_no_other_page_may_be_framed(masha: Person, anna: Visitor) -> None:
    for client, path in (
        (masha, "/inbox/"),
        (Client(), "/accounts/login/"),
        (anna.browser, anna.path + "messages/"),
    ):
        answer = client.get(path)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"], path
        assert answer["X-Frame-Options"] == "DENY", path


def test_the_page_speaks_the_visitors_language(chat: Connection) -> None:
    html = Client().get(Visitor(chat).path, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="en"' in html
    assert "What would you like to book" in html


# ---------------------------------------------------------------- who is looking
def test_a_browser_stays_the_same_visitor(anna: Visitor) -> None:
    cookie = anna.browser.cookies["chat"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == anna.path
    assert cookie["max-age"] > 300 * 24 * 3600
    assert f'data-session="{anna.session}"' in anna.open()


def test_another_browser_is_another_visitor(anna: Visitor, chat: Connection) -> None:
    stranger = Visitor(chat)
    stranger.open()
    assert stranger.session != anna.session


def test_a_frame_on_another_site_gets_a_visitor_of_its_own(anna: Visitor) -> None:
    frame = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
    html = anna.open("", **frame)
    assert anna.session not in html
    cookie = anna.browser.cookies["chat_framed"]
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)
    assert "Partitioned" in cookie.OutputString()
    assert f'data-session="{cookie.value}"' in anna.open("", **frame)
    assert f'data-session="{anna.session}"' in anna.open()


@pytest.mark.parametrize("shown", ["", "x", "a" * 20 + "." + "b" * 32, "я" * 40, "x" * 5000])
def test_a_forged_session_is_nobody(shown: str, anna: Visitor) -> None:
    anna.browser.cookies["chat"] = shown.encode().decode("latin-1")
    assert f'data-session="{shown}"' not in anna.open()


def test_a_session_of_another_salon_is_nobody(anna: Visitor, other_salon: Salon) -> None:
    foreign = visitor.connect(other_salon)
    anna.browser.cookies["chat"] = visitor.issue(foreign, anna.ident)
    fresh = anna.browser.get(anna.path)
    assert anna.ident not in fresh.content.decode()
    answer = anna.browser.get(Visitor(foreign).path + "messages/", headers={"X-Chat-Session": anna.session})
    assert answer.status_code == 403


# ---------------------------------------------------------------- without JavaScript
def test_a_plain_form_is_stored_once_and_shown_at_once(live_db: Any, salon: Salon, anna: Visitor) -> None:
    carried = fields(anna.open(), "data-chat-write")
    for _ in range(2):  # pressed twice
        answer = anna.browser.post(anna.path, carried | {"text": "Хочу записаться <b>"})
        assert answer.status_code == 303
        assert answer["Location"].startswith(anna.path)
    assert "Хочу записаться &lt;b&gt;" in anna.open()  # nobody has taken it in yet
    visitor.take_in()
    assert texts(salon) == ["Хочу записаться <b>"]
    assert anna.open().count("Хочу записаться &lt;b&gt;") == 1
    (thread,) = threads(salon)
    assert (thread.chat, thread.unread) == (anna.ident, 1)


def test_an_answer_stands_there_after_a_reload(
    live_db: Any, salon: Salon, anna: Visitor, chat: Connection
) -> None:
    send(anna, text="Есть время завтра?")
    visitor.take_in()
    visitor.answer(salon, anna, "Да, в 15:00")
    html = anna.open()
    assert "Да, в 15:00" in html
    assert html.index("Есть время завтра?") < html.index("Да, в 15:00")
    assert "Да, в 15:00" not in Visitor(chat).open()


def test_a_button_is_pressed_without_script(live_db: Any, salon: Salon, anna: Visitor) -> None:
    heard = []

    def hear(sender: Any, action: Any, **_: Any) -> None:
        heard.append((action.action, action.payload))

    send(anna, text="Здравствуйте")
    visitor.take_in()
    with salon.work():
        offer = buttons.offer(
            threads(salon)[0],
            owner="test",
            action="pick",
            payload={"n": 1},
            label="15:00 завтра",
            now=salon.now(),
        )
    visitor.answer(salon, anna, "Когда?", buttons=[[offer]])
    value = re.search(r'name="press" value="([^"]+)"', anna.open())
    assert value
    from conversations import signals

    signals.button_pressed.connect(hear)
    try:
        send(anna, press=value[1])
        assert "15:00 завтра" in anna.open()
        visitor.take_in()
    finally:
        signals.button_pressed.disconnect(hear)
    assert heard == [("pick", {"n": 1})]
    assert texts(salon)[-1] == "15:00 завтра"


def test_a_phone_number_is_left_without_script(live_db: Any, salon: Salon, anna: Visitor) -> None:
    assert " hidden>" not in anna.open("?phone=1").split('id="phone"')[1].split(">")[0] + ">"
    send(anna, contact="1", phone="8 913 123-45-67", name="Анна")
    visitor.take_in()
    with salon.work():
        (message,) = Message.objects.filter(direction="in")
    assert (message.kind, message.text) == ("contact", "8 913 123-45-67")
    assert message.media[0]["phone"] == "+79131234567"
    assert message.media[0]["name"] == "Анна"


def test_the_landing_goes_with_the_form(live_db: Any, salon: Salon, anna: Visitor) -> None:
    html = anna.browser.get(
        anna.path + "?utm_source=yandex&utm_campaign=autumn", headers={"Referer": "https://ya.ru/"}
    )
    carried = fields(html.content.decode(), "data-chat-write")
    anna.browser.post(anna.path, carried | {"text": "Здравствуйте"})
    visitor.take_in()
    with salon.work():
        lead = Lead.objects.get()
    assert (lead.source, lead.campaign) == ("yandex", "autumn")


@pytest.mark.parametrize(
    "told",
    [
        {"text": "   "},
        {},
        {"press": "5|"},
        {"contact": "1", "phone": ""},
        {"press": "|" * 300},
    ],
)
def test_a_form_that_says_nothing_stores_nothing(
    live_db: Any, salon: Salon, anna: Visitor, told: dict[str, str]
) -> None:
    assert send(anna, **told).status_code == 303
    visitor.take_in()
    assert texts(salon) == []


@pytest.mark.parametrize(
    "text",
    [
        "\x00\ud800".encode("utf-8", "replace").decode() + "привет",
        "a" * 20_000,
        "<script>alert(1)</script>",
        "{{ 7 }}",
    ],
)
def test_hostile_words_are_kept_as_words(live_db: Any, salon: Salon, anna: Visitor, text: str) -> None:
    assert send(anna, text=text).status_code == 303
    visitor.take_in()
    (said,) = texts(salon)
    assert "\x00" not in said
    assert len(said) <= 8000
    assert "<script>alert" not in anna.open()


def test_a_form_of_another_site_is_refused(live_db: Any, salon: Salon, anna: Visitor) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = anna.browser.cookies
    assert strict.post(anna.path, {"text": "чужое"}).status_code == 403


def test_links_of_ours_open_beside_the_chat_and_nothing_else_is_markup() -> None:
    html = webchat.linked('Оплата: https://pay.example/1?a=1&b=2 <a href="javascript:x">тут</a>')
    assert '<a target="_blank" rel="noopener" href="https://pay.example/1?a=1&amp;b=2">' in html
    assert "<a href=" not in html
    assert "&lt;a href=" in html
