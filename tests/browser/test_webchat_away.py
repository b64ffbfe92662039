"""The site chat while nobody answers, and beside another browser: in Chromium, on a phone and at the desk."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Browser, expect

from conversations.models import Contact, Conversation
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon
from tests.conversations import visitor

pytestmark = pytest.mark.browser


def test_away_typing_and_the_way_to_another_browser(
    house: House, salon: Salon, olga: Person, chromium: Browser
) -> None:
    with salon.work():
        salon.tenant.settings["assistant"] = {"mode": "off"}
        salon.tenant.save()
    url = f"{house.url}/w/{visitor.token_of(visitor.connect(salon))}/"
    phone = page.context(chromium, phone=True, language="en-US")
    chat = phone.new_page()
    chat.goto(url)
    chat.get_by_role("textbox", name="Message").fill("Are you open?")
    chat.get_by_role("button", name="Send", exact=True).click()
    expect(chat.locator(".mz-msg[data-id]", has_text="Are you open?")).to_be_visible(timeout=15_000)

    # A colleague has the thread open: each sees that the other writes.
    with salon.work():
        thread = Conversation.objects.get()
        Conversation.objects.update(holder="person", waiting_since=salon.now() - dt.timedelta(minutes=9))
    desk = page.visit(
        chromium, f"{house.url}/inbox/{thread.pk}/", cookies=[page.login_cookie(olga, house.url)]
    )
    chat.get_by_role("textbox", name="Message").press_sequentially("A secret draft", delay=600)
    expect(desk.locator("[data-of=client]")).to_be_visible(timeout=10_000)
    assert "A secret" not in desk.content()
    desk.locator("form[data-composer] textarea").press_sequentially("Hello", delay=900)
    expect(chat.locator("[data-chat-typing]")).to_be_visible(timeout=10_000)

    # Nobody answers: it is said, and an e-mail can be left.
    chat.get_by_role("textbox", name="Message").fill("")
    chat.reload()
    away = chat.locator("[data-chat-away]")
    expect(away.locator(".mz-chat__away")).to_be_visible()
    assert page_width(chat) <= 412
    away.get_by_role("link", name="Phone or e-mail").click()
    chat.get_by_label("or e-mail").fill("anna@mail.example")
    chat.get_by_role("button", name="Send this").click()
    expect(chat.locator(".mz-msg[data-id]", has_text="anna@mail.example")).to_be_visible(timeout=15_000)
    with salon.work():
        assert Contact.objects.filter(email="anna@mail.example").exists()

    # The link goes on in a browser that had a chat of its own.
    chat.get_by_role("link", name="Go on in another browser").click()
    link = chat.get_by_label("Link into this conversation").input_value()
    assert "/back/" in link
    other = page.context(chromium, language="en-US")
    second = other.new_page()
    second.goto(url)
    second.get_by_role("textbox", name="Message").fill("Somebody else was here")
    second.get_by_role("button", name="Send", exact=True).click()
    expect(second.locator(".mz-msg[data-id]")).to_have_count(1, timeout=15_000)
    second.goto(house.url + link[link.index("/w/") :])
    second.get_by_role("button", name="Go on").click()
    expect(second.locator(".mz-msg", has_text="Are you open?")).to_be_visible()
    expect(second.locator(".mz-msg", has_text="Somebody else was here")).to_have_count(0)
    second.reload()
    expect(second.locator(".mz-msg", has_text="Are you open?")).to_be_visible()
    for profile in (phone, other):
        profile.close()


def page_width(opened: object) -> int:
    """How wide the page is; more than its window would scroll sideways."""
    width: int = opened.evaluate("document.documentElement.scrollWidth")  # type: ignore[attr-defined]
    return width
