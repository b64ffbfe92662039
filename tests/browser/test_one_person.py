"""Two cards of one person in a real browser: asked in the card, merged, taken back; calls and private chats beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from conversations.models import Conversation
from integrations.protocols import channel
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon
from tests.conversations import facts
from tests.inbox import stage

pytestmark = pytest.mark.browser
PHONE = "+79131234567"


@pytest.fixture
def desk(house: House, salon: Salon, olga: Person, chromium: Browser) -> Iterator[Any]:
    """Opens Olga's pages."""
    stage.calm_assistant(salon)
    profiles = []

    def open_page(path: str, *, phone: bool = False) -> Page:
        cookie = page.login_cookie(olga, house.url)
        opened = page.visit(chromium, house.url + path, phone=phone, language="en-US", cookies=[cookie])
        profiles.append(opened.context)
        return opened

    yield open_page
    for profile in profiles:
        profile.close()


@pytest.fixture
def typed(house: House, salon: Salon) -> Conversation:
    """Anna's thread in the site chat, where she typed the phone that she proved in Telegram."""
    stage.write(salon, name="Анна Петрова", phone=PHONE)
    return facts.write(salon, "webchat", "visitor-0000000000000001", name="Аня", phone=PHONE)


def test_asked_merged_and_taken_back(desk: Any, salon: Salon, typed: Conversation) -> None:
    inbox = desk(f"/inbox/{typed.pk}/")
    banner = inbox.locator("#inbox-card .mzi-same")
    expect(banner).to_contain_text("Probably the same person as")
    expect(banner).to_contain_text("Анна Петрова")
    banner.get_by_role("button", name="Merge").click()
    expect(inbox.locator(".mz-toast", has_text="One person now: Анна Петрова")).to_be_visible()
    expect(banner).to_have_count(0)
    # The thread in hand is Anna's by now: its head, its story and its card say so.
    expect(inbox.locator(".mzi-head__name")).to_have_text("Анна Петрова")
    expect(inbox.locator(".mz-msg--event", has_text="they are one person")).to_be_visible()
    expect(inbox.locator("#inbox-card")).to_contain_text("One with Аня")

    inbox.locator(".mz-toast").get_by_role("button", name="Undo").click()
    expect(inbox.locator(".mzi-head__name")).to_have_text("Аня")
    expect(inbox.locator("#inbox-card")).not_to_contain_text("One with")
    expect(banner).to_have_count(0)  # two people: it is not asked again
    assert len(facts.people(salon)) == 2


def test_two_people_from_the_list_on_a_phone(desk: Any, salon: Salon, typed: Conversation) -> None:
    questions = desk("/inbox/one-person/", phone=True)
    page.check(questions)
    questions.get_by_role("button", name="Two people").click()
    expect(questions.locator(".mz-empty")).to_be_visible()
    questions.locator(".mz-toast").get_by_role("button", name="Undo").click()
    expect(questions.locator(".mzi-same")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True])
def test_the_pages_are_clean(desk: Any, salon: Salon, typed: Conversation, phone: bool) -> None:
    page.check(desk(f"/inbox/{typed.pk}/card/", phone=phone))
    for number, state in enumerate(("missed", "ended")):
        call = channel.CallHappened(
            external_id=f"c{number}", state=state, phone=PHONE, answered_by="Маша",  # type: ignore[arg-type]
            seconds=151 if state == "ended" else None,
        )  # fmt: skip
        facts.hear(salon, "telephony", call)
    person = channel.Person(external_id="777", name="Подруга")
    told = channel.OperatorEcho(external_id="b:1", chat="Bz7Yx0:777", text="Привет!", person=person)
    facts.hear(salon, "telegram", told)
    with salon.work():
        calls = Conversation.objects.get(connection__kind="telephony")
        private = Conversation.objects.get(is_private=True)
    line = desk(f"/inbox/{calls.pk}/", phone=phone)
    expect(line.locator(".mzi-call--missed")).to_contain_text("Missed call")
    expect(line.locator(".mzi-call", has_text="2:31 · Маша")).to_be_visible()
    page.check(line)
    friend = desk(f"/inbox/{private.pk}/", phone=phone)
    page.check(friend)
    friend.locator(".mzi-word").get_by_role("button", name="This is a client").click()
    expect(friend.locator(".mzi-word", has_text="Private")).to_have_count(0)
    page.check(desk(f"/channels/{facts.account(salon, 'telephony').pk}/text-back/", phone=phone))
    page.check(desk(f"/channels/{facts.account(salon, 'telegram').pk}/known-people/", phone=phone))


def test_what_was_edited_opens_and_stays_open(desk: Any, salon: Salon, typed: Conversation) -> None:
    person = channel.Person(external_id="900100", name="Анна")
    thread = stage.write(salon, "Хочу в среду", chat="900200", name="Вера")
    with salon.work():
        first = thread.messages.order_by("id")[0]
    edit = channel.MessageEdited(
        external_id=first.external_id, chat="900200", person=person, text="Хочу в четверг"
    )
    facts.hear(salon, "telegram", edit)
    inbox = desk(f"/inbox/{thread.pk}/")
    was = inbox.locator("details[data-was]")
    expect(was.locator("del")).to_be_hidden()
    was.locator("summary").click()
    expect(was.locator("del")).to_have_text("Хочу в среду")
    stage.write(salon, "Ещё слово", chat="900200", name="Вера")
    expect(inbox.locator(".mz-msg", has_text="Ещё слово")).to_be_visible()
    expect(was.locator("del")).to_be_visible()
