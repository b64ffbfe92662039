"""The manager's desk in a real browser: live, by keys, with one hand on a phone, and clean by every page's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from connections import accounts
from connections.models import Connection
from conversations.models import Conversation, Message
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon
from tests.inbox import stage, test_raw, test_today
from tests.inbox.test_card import visit

pytestmark = pytest.mark.browser
VISITOR = "visitor-0000000000000001"


@pytest.fixture
def chat(house: House, salon: Salon) -> Connection:
    """The site chat: what is said there is delivered by itself. Clients are answered by hand."""
    stage.calm_assistant(salon)
    with salon.work():
        return accounts.create("webchat", settings={}, name="Чат на сайте")


@pytest.fixture
def desk(house: House, chat: Connection, olga: Person, chromium: Browser) -> Iterator[Any]:
    """Opens Olga's pages: `desk("/inbox/", phone=True)`."""
    profiles = []

    def open_page(path: str, *, phone: bool = False, person: Person = olga) -> Page:
        cookie = page.login_cookie(person, house.url)
        opened = page.visit(chromium, house.url + path, phone=phone, language="en-US", cookies=[cookie])
        profiles.append(opened.context)
        return opened

    yield open_page
    for profile in profiles:
        profile.close()


def anna_writes(salon: Salon, chat: Connection, text: str = "Хочу на стрижку", **more: Any) -> Conversation:
    return stage.write(salon, text, bot=chat, chat=VISITOR, name="Анна", **more)


def row(desk: Page, name: str = "Анна") -> Locator:
    return desk.locator("#inbox-rows a", has_text=name)


def bubble(desk: Page, text: str) -> Locator:
    return desk.locator(".mz-thread .mz-msg", has_text=text)


def test_a_client_appears_without_a_reload_and_is_answered(
    desk: Any, salon: Salon, chat: Connection, olga: Person
) -> None:
    inbox = desk("/inbox/")
    expect(inbox.locator(".mz-empty").first).to_be_visible()
    thread = anna_writes(salon, chat)
    expect(row(inbox)).to_be_visible(timeout=3000)
    expect(inbox).to_have_title("(1) Inbox · Барбершоп «Омск»")

    row(inbox).click()
    expect(bubble(inbox, "Хочу на стрижку")).to_be_visible()
    assert inbox.url.endswith(f"/inbox/{thread.pk}/")
    expect(inbox).to_have_title("Анна · Барбершоп «Омск»")  # seen: nothing is unread any more
    expect(inbox.locator("#inbox-card")).to_contain_text("Requests")

    inbox.keyboard.press("r")
    inbox.keyboard.type("На пятницу?")
    inbox.keyboard.press("Enter")
    # The house's own dispatcher carries it; the sign turns from the clock to the tick by itself
    expect(bubble(inbox, "На пятницу?").get_by_label("Sent")).to_be_visible(timeout=5000)
    expect(inbox.locator(".mzi-head__text")).to_contain_text("yours")
    with salon.work():
        assert Message.objects.filter(direction="out").count() == 1

    anna_writes(salon, chat, "Да, в шесть")
    expect(bubble(inbox, "Да, в шесть")).to_be_visible(timeout=3000)
    page.check(inbox)


def test_a_reply_the_network_ate_is_sent_once_and_drafts_and_menus_stay(
    desk: Any, salon: Salon, chat: Connection
) -> None:
    thread = anna_writes(salon, chat)
    inbox = desk(f"/inbox/{thread.pk}/")
    inbox.route("**/reply/", lambda route: (route.fetch(), route.abort()))  # taken, and the answer is lost
    field = inbox.get_by_role("textbox", name="Message")
    field.fill("Ждём вас")
    field.press("Enter")
    expect(field).to_have_value("Ждём вас")  # nothing typed is lost
    expect(inbox.locator(".mz-toast--loss")).to_be_visible()
    inbox.unroute("**/reply/")
    field.press("Enter")
    expect(field).to_have_value("")
    expect(bubble(inbox, "Ждём вас")).to_have_count(1)
    with salon.work():
        assert Message.objects.filter(direction="out").count() == 1

    # A menu stays open while the thread under it is read again
    inbox.get_by_label("Assign").click()
    expect(inbox.get_by_role("button", name="Me", exact=True)).to_be_visible()
    anna_writes(salon, chat, "Алло?")
    expect(bubble(inbox, "Алло?")).to_be_visible(timeout=3000)
    expect(inbox.get_by_role("button", name="Me", exact=True)).to_be_visible()
    inbox.keyboard.press("Escape")

    # A draft follows the person to another device
    typed = "Добрый де"
    with inbox.expect_response(
        lambda said: "/draft/" in said.url and typed in unquote_plus(said.request.post_data or "")
    ):
        field.press_sequentially(typed)
    phone = desk(f"/inbox/{thread.pk}/", phone=True)
    expect(phone.get_by_role("textbox", name="Message")).to_have_value("Добрый де")


def test_by_keys_alone(desk: Any, salon: Salon, chat: Connection) -> None:
    thread = anna_writes(salon, chat, ago=5)
    stage.write(salon, bot=chat, chat="visitor-0000000000000002", name="Глеб", ago=1)
    inbox = desk("/inbox/")
    inbox.keyboard.press("j")
    expect(inbox.locator(".mzi-head__name")).to_have_text("Анна")
    inbox.keyboard.press("j")
    expect(inbox.locator(".mzi-head__name")).to_have_text("Глеб")
    inbox.keyboard.press("k")
    expect(inbox.locator(".mzi-head__name")).to_have_text("Анна")
    inbox.keyboard.press("n")
    inbox.keyboard.type("Постоянная")
    inbox.keyboard.press("Enter")
    expect(inbox.locator(".mz-msg--note")).to_contain_text("Постоянная")
    inbox.keyboard.press("Escape")
    inbox.locator("#inbox-thread [data-thread]").focus()
    inbox.keyboard.press("a")
    inbox.get_by_role("button", name="Me", exact=True).click()
    expect(inbox.locator(".mzi-head__text")).to_contain_text("yours")
    inbox.locator("#inbox-thread [data-thread]").focus()
    inbox.keyboard.press("e")
    expect(row(inbox)).to_have_count(0)
    assert stage.fresh(salon, thread).state == "closed"
    inbox.locator(".mz-toast", has_text="closed").get_by_role("button", name="Undo").click()
    expect(row(inbox)).to_be_visible()
    inbox.keyboard.press("/")
    inbox.keyboard.type("глеб")
    expect(inbox.locator("#inbox-rows a")).to_have_count(1)
    page.check(inbox)


def test_on_a_phone_the_list_the_thread_the_card_are_pages(desk: Any, salon: Salon, chat: Connection) -> None:
    thread = anna_writes(salon, chat)
    visit(salon, thread, hours=26, status="confirmed")
    phone = desk("/inbox/", phone=True)
    page.check(phone)
    row(phone).tap()
    phone.wait_for_url(f"**/inbox/{thread.pk}/")
    expect(phone.locator("#inbox-list")).to_be_hidden()
    expect(bubble(phone, "Хочу на стрижку")).to_be_visible()
    page.check(phone)
    phone.locator(".mzi-head__who").tap()
    phone.wait_for_url(f"**/inbox/{thread.pk}/card/")
    expect(phone.locator("#inbox-card")).to_contain_text("Стрижка")
    page.check(phone)
    phone.locator("#inbox-card .mz-back").tap()
    phone.wait_for_url(f"**/inbox/{thread.pk}/")
    phone.get_by_label("More").tap()
    phone.get_by_role("button", name="Assign").tap()
    phone.get_by_role("button", name="Me", exact=True).tap()
    expect(phone.locator(".mzi-head__text")).to_contain_text("yours")
    phone.locator("#inbox-thread .mz-back").tap()
    phone.wait_for_url("**/inbox/")


def test_today_the_unreadable_and_the_alerts(desk: Any, salon: Salon, chat: Connection) -> None:
    thread = anna_writes(salon, chat, ago=30)
    test_today.todo(salon, "Заказать полотенца", hours=-20)
    booking = visit(salon, thread, hours=-1, status="confirmed")
    lead = test_raw.arrive(salon)
    for phone in (True, False):
        today = desk("/inbox/today/", phone=phone)
        page.check(today)
        for path in ("/inbox/raw/", f"/inbox/raw/{lead.pk}/", "/inbox/alerts/", "/inbox/today/"):
            today.goto(today.url.split("/inbox/")[0] + path)
            page.check(today)
    today.locator(f"#visit-{booking.pk}").get_by_role("button", name="Took place").click()
    expect(today.locator(f"#visit-{booking.pk}")).to_have_count(0)
    today.locator(".mz-toast").get_by_role("button", name="Undo").click()
    expect(today.locator(f"#visit-{booking.pk}")).to_be_visible()
    test_today.todo(salon, "Появилось само")  # a page left open hears of it
    expect(today.get_by_text("Появилось само")).to_be_visible(timeout=3000)
    today.get_by_role("button", name="To-do", exact=True).click()
    today.get_by_label("What is to be done").fill("Позвонить")
    page.check(today)
    today.get_by_role("button", name="Add").click()
    expect(today.get_by_text("Позвонить", exact=True)).to_be_visible()
