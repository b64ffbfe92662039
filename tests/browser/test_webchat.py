"""The site chat in a real browser: written to as a client would, with and without a connection, script and Redis."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from conversations import buttons, outbox
from conversations.models import Conversation, Message
from leads.models import Lead
from reminders import attach
from tests.bookings.conftest import open_shop
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Salon
from tests.conversations import visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def url(house: House, salon: Salon) -> str:
    """The hosted page. The assistant is off: the salon answers by hand here."""
    with salon.work():
        salon.tenant.settings["assistant"] = {"mode": "off"}
        salon.tenant.save()
    return f"{house.url}/w/{visitor.token_of(visitor.connect(salon))}/"


@pytest.fixture
def anna(chromium: Browser) -> Iterator[BrowserContext]:
    """Her phone."""
    profile = page.context(chromium, phone=True, language="en-US")
    yield profile
    profile.close()


def look(profile: BrowserContext, url: str) -> Page:
    opened = profile.new_page()
    opened.goto(url)
    return opened


def write(chat: Any, text: str) -> None:
    chat.get_by_role("textbox", name="Message").fill(text)
    chat.get_by_role("button", name="Send", exact=True).click()


def line(chat: Any, text: str) -> Locator:
    return chat.locator(".mz-msg", has_text=text)


def taken_in(salon: Salon, text: str) -> Message:
    """The message as it stands in the salon's tables."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with salon.work():
            found = Message.objects.select_related("conversation").filter(text=text, direction="in").first()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{text!r} did not arrive")


def reply(salon: Salon, thread: Conversation, text: str, **more: Any) -> None:
    with salon.work():
        fresh = Conversation.objects.get(pk=thread.pk)
        if more:
            outbox.say(fresh, text=text, author="manager", key=uuid.uuid4().hex, now=salon.now(), **more)
        else:
            outbox.reply(fresh, text=text, by=salon.owner, key=uuid.uuid4().hex, now=salon.now())


def count(salon: Salon, text: str) -> int:
    with salon.work():
        return Message.objects.filter(text=text).count()


def test_a_client_writes_is_answered_live_and_finds_it_again(
    url: str, salon: Salon, anna: BrowserContext, chromium: Browser
) -> None:
    chat = look(anna, url + "?utm_source=yandex&utm_campaign=autumn")
    page.check(chat)
    assert "utm_" not in chat.url

    write(chat, "Есть время завтра?")
    expect(line(chat, "Есть время завтра?").get_by_role("img", name="Sent")).to_be_visible()
    thread = taken_in(salon, "Есть время завтра?").conversation
    with salon.work():
        lead = Lead.objects.get()
    assert (lead.source, lead.campaign) == ("yandex", "autumn")
    expect(chat.locator("[data-local]")).to_have_count(0)

    took = []
    for number in range(3):
        began = time.monotonic()
        reply(salon, thread, f"Да, в 15:0{number}")
        line(chat, f"Да, в 15:0{number}").wait_for()
        took.append(time.monotonic() - began)
    assert min(took) < 1.0, took
    expect(line(chat, "Да, в 15:00")).to_contain_text(salon.owner.name)
    page.check(chat)
    with salon.work():
        end = time.monotonic() + 5
        while Message.objects.filter(direction="out", state="read").count() < 3 and time.monotonic() < end:
            time.sleep(0.1)
        assert set(Message.objects.filter(direction="out").values_list("state", flat=True)) == {"read"}

    chat.reload()
    expect(line(chat, "Есть время завтра?")).to_have_count(1)
    expect(line(chat, "Да, в 15:02")).to_be_visible()

    # The browser is closed; she is answered meanwhile
    kept = anna.storage_state()
    chat.close()
    reply(salon, thread, "Ждём вас!")
    again = page.context(chromium, phone=True, language="en-US", storage_state=kept)
    expect(line(look(again, url), "Ждём вас!")).to_be_visible()
    again.close()

    stranger = page.context(chromium, language="en-US")
    empty = look(stranger, url)
    page.check(empty)
    expect(empty.locator(".mz-msg")).to_have_count(0)
    write(empty, "А я другой")
    taken_in(salon, "А я другой")
    expect(empty.locator(".mz-msg")).to_have_count(1)
    stranger.close()
    with salon.work():
        assert Conversation.objects.count() == 2


def test_nothing_is_lost_or_doubled_without_a_connection(
    url: str, salon: Salon, anna: BrowserContext
) -> None:
    chat = look(anna, url)
    anna.set_offline(True)
    write(chat, "Пишу из метро")
    expect(line(chat, "Пишу из метро")).to_contain_text("Goes out when there is a connection")
    expect(chat.get_by_role("status").first).to_be_visible()
    anna.set_offline(False)
    taken_in(salon, "Пишу из метро")
    expect(line(chat, "Пишу из метро").get_by_role("img", name="Sent")).to_be_visible()

    # The hook takes it, but its answer is lost: the repeat is the same event
    lost = []

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()
        lost.append(route)

    chat.route("**/hooks/**", lose)
    write(chat, "Ответ потерялся")
    while not lost:
        chat.wait_for_timeout(50)
    chat.unroute_all(behavior="wait")
    taken_in(salon, "Ответ потерялся")
    # The page goes away with its word still in the queue, and comes back
    chat.reload()
    expect(line(chat, "Ответ потерялся")).to_have_count(1)
    expect(chat.locator("[data-local]")).to_have_count(0, timeout=15_000)
    assert count(salon, "Ответ потерялся") == 1

    # What the hook does not want is said, and may be tried again
    chat.route("**/hooks/**", lambda route: route.fulfill(status=400, body=""))
    write(chat, "Отказано")
    expect(line(chat, "Отказано")).to_contain_text("Not sent")
    chat.unroute_all(behavior="wait")
    line(chat, "Отказано").get_by_role("button", name="Try again").click()
    taken_in(salon, "Отказано")
    assert count(salon, "Отказано") == 1


def test_buttons_and_a_phone_number(url: str, salon: Salon, anna: BrowserContext) -> None:
    chat = look(anna, url)
    chat.get_by_role("button", name="I would like to book a visit").click()
    thread = taken_in(salon, "I would like to book a visit").conversation
    with salon.work():
        now = salon.now()
        offer = buttons.offer(
            thread, owner="nobody", action="pick", payload={}, label="Завтра в 15:00", now=now
        )
    reply(
        salon,
        thread,
        "Когда вам удобно? https://salon.example/price",
        buttons=[
            [offer, buttons.ask_contact("Send my number")],
            [buttons.link("Map", "https://maps.example/1")],
        ],
    )
    said = line(chat, "Когда вам удобно?")
    expect(said.get_by_role("link", name="https://salon.example/price")).to_have_attribute("target", "_blank")
    expect(said.get_by_role("link", name="Map")).to_have_attribute("rel", "noopener")
    page.check(chat)
    said.get_by_role("button", name="Завтра в 15:00").click()
    expect(chat.locator(".mz-msg--out", has_text="Завтра в 15:00")).to_have_count(1)
    taken_in(salon, "Завтра в 15:00")
    expect(chat.locator("[data-local]")).to_have_count(0)
    expect(chat.locator(".mz-msg--out", has_text="Завтра в 15:00")).to_have_count(1)

    said.get_by_role("link", name="Send my number").click()
    expect(chat.get_by_label("Your name")).to_be_focused()
    page.check(chat)
    chat.get_by_label("Your name").fill("Анна")
    chat.get_by_label("Phone", exact=True).press_sequentially("89131234567")
    chat.get_by_role("button", name="Send this").click()
    message = taken_in(salon, "+7 913 123-45-67")
    assert message.media[0]["phone"] == "+79131234567"
    expect(line(chat, "+7 913 123-45-67").get_by_role("img", name="Sent")).to_be_visible()
    expect(chat.get_by_label("Your name")).to_be_hidden()


def test_a_link_with_a_code_is_a_start(url: str, salon: Salon, anna: BrowserContext) -> None:
    chat = look(anna, url + "?start=vk_autumn")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with salon.work():
            lead = Lead.objects.first()
        if lead:
            break
        time.sleep(0.1)
    assert lead is not None
    assert (lead.source, lead.campaign) == ("vk", "autumn")
    assert "start=" not in chat.url
    chat.reload()
    write(chat, "Здравствуйте")
    taken_in(salon, "Здравствуйте")
    with salon.work():
        assert Lead.objects.count() == 1


def test_a_link_of_a_visit_brings_its_reminders_here(url: str, salon: Salon, anna: BrowserContext) -> None:
    shop = open_shop(salon)
    with salon.work():
        visit = shop.book(shop.at(shop.monday(), "10:00"))
        (link,) = [found for found in attach.links(visit) if found.kind == "webchat"]
    assert link.url.startswith(url)
    chat = look(anna, link.url)
    # What the visit is, and its buttons
    expect(chat.locator(".mz-msg .mz-msg__buttons").first).to_be_visible()
    with salon.work():
        visit.refresh_from_db()
        thread = Conversation.objects.get()
    assert visit.conversation_id == thread.pk
    assert thread.contact_id == visit.contact_id


def test_the_page_works_without_script(url: str, salon: Salon, chromium: Browser) -> None:
    plain = page.context(chromium, phone=True, language="en-US", java_script_enabled=False)
    chat = look(plain, url)
    write(chat, "Без скриптов")
    expect(line(chat, "Без скриптов")).to_have_count(1)
    thread = taken_in(salon, "Без скриптов").conversation
    with salon.work():
        offer = buttons.offer(
            thread, owner="nobody", action="pick", payload={}, label="В 15:00", now=salon.now()
        )
    reply(salon, thread, "Когда?", buttons=[[offer]])
    end = time.monotonic() + 10
    while line(chat, "Когда?").count() == 0 and time.monotonic() < end:
        chat.get_by_role("link", name="Reload").click()
    chat.get_by_role("button", name="В 15:00").click()
    expect(chat.locator(".mz-msg--out", has_text="В 15:00")).to_have_count(1)
    taken_in(salon, "В 15:00")
    chat.get_by_role("link", name="Leave a phone number").click()
    chat.get_by_label("Phone", exact=True).fill("8 913 123-45-67")
    chat.get_by_role("button", name="Send this").click()
    taken_in(salon, "8 913 123-45-67")
    plain.close()


def test_with_redis_dead_the_answer_still_comes(
    house: House, url: str, salon: Salon, anna: BrowserContext
) -> None:
    house.environ["REDIS_URL"] = "redis://127.0.0.1:1/0"
    for name in ("web", "dispatch"):
        house.stop(name)
        house.start(name)
    house.wait()
    chat = look(anna, url)
    write(chat, "Редис лежит")
    thread = taken_in(salon, "Редис лежит").conversation
    expect(chat.locator("[data-local]")).to_have_count(0)
    reply(salon, thread, "Мы всё равно отвечаем")
    expect(line(chat, "Мы всё равно отвечаем")).to_be_visible(timeout=12_000)


# ---------------------------------------------------------------- on somebody's own site
HOME = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A salon</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/site.css">
<h1>A salon</h1><p><a href="/prices">Prices</a></p><script async src="{script}"></script>"""
RULES = "* { box-sizing: content-box; } div, button, iframe { position: static; width: 5px; transform: scale(2); }"


@contextlib.contextmanager
def site(house: House, url: str, *, frames: bool = True) -> Iterator[str]:
    """A site of another origin that allows strangers as little as it can; yields its address."""
    policy = f"default-src 'none'; style-src 'self'; script-src {house.url}"
    if frames:
        policy += f"; frame-src {house.url}"

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            css = self.path == "/site.css"
            body = RULES if css else HOME.format(script=url.removesuffix("/") + ".js")
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if css else "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"  # another site than 127.0.0.1 in a browser's eyes
    finally:
        server.shutdown()


@pytest.mark.parametrize("phone", [False, True])
def test_the_button_on_a_foreign_site(
    phone: bool, house: House, url: str, salon: Salon, chromium: Browser
) -> None:
    with site(house, url) as home:
        profile = page.context(chromium, phone=phone, language="en-US")
        host = look(profile, home + "?utm_source=yandex&utm_campaign=autumn&secret=1")
        button = host.get_by_role("button", name="Write to us")
        expect(button).to_have_attribute("aria-expanded", "false")
        assert host.evaluate("Object.keys(window).filter((name) => /marzha/i.test(name))") == []
        assert host.frames[1:] == []  # nothing is loaded before it is wanted

        host.get_by_role("link", name="Prices").click()
        button.click()
        chat = host.frame_locator("iframe")
        write(chat, "С вашего сайта")
        thread = taken_in(salon, "С вашего сайта").conversation
        with salon.work():
            lead = Lead.objects.get()
            touch = lead.touches.get()
        assert (lead.source, lead.campaign) == ("yandex", "autumn")
        assert touch.page_url == home + "prices"
        reply(salon, thread, "Здравствуйте, сайт")
        expect(line(chat, "Здравствуйте, сайт")).to_be_visible()
        page.check(host)
        frame = next(frame for frame in host.frames if "/w/" in frame.url)
        assert frame.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert re.fullmatch(re.escape(url), frame.url)

        chat.get_by_role("button", name="Close the chat").click()
        expect(button).to_be_focused()
        reply(salon, thread, "Вы ещё тут?")
        expect(host.get_by_role("button", name="Write to us. New messages: 1")).to_be_visible()

        # Another page of the site, another day: the thread is there, the new word is counted
        host.goto(home)
        button = host.get_by_role("button", name="Write to us. New messages: 1")
        expect(button).to_be_visible()
        button.click()
        expect(line(host.frame_locator("iframe"), "Вы ещё тут?")).to_be_visible()
        if phone:  # the window is the chat's: only its own cross closes it
            expect(host.get_by_role("button", name="Close the chat")).to_be_hidden()
            host.frame_locator("iframe").get_by_role("button", name="Close the chat").click()
        else:
            expect(host.get_by_role("button", name="Close the chat")).to_be_visible()
            host.keyboard.press("Escape")
        expect(host.get_by_role("button", name="Write to us", exact=True)).to_be_visible()

        # The same browser on the hosted page itself, and on another site, is somebody else
        apart = look(profile, url)
        expect(apart.locator(".mz-msg")).to_have_count(0)
        profile.close()


def test_a_site_that_forbids_frames_gets_a_window_instead(house: House, url: str, chromium: Browser) -> None:
    with site(house, url, frames=False) as home:
        profile = page.context(chromium, language="en-US")
        host = look(profile, home)
        host.get_by_role("button", name="Write to us").click()
        apart = host.get_by_role("link", name="Open the chat in a new window")
        expect(apart).to_be_visible(timeout=10_000)
        expect(apart).to_have_attribute("href", url)
        with profile.expect_page() as opened:
            apart.click()
        expect(opened.value.get_by_role("textbox", name="Message")).to_be_visible()
        profile.close()
