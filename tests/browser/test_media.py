"""Files in a real browser: a client sends a photo and her voice, a colleague looks, listens and answers with files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from connections import accounts
from connections.models import Connection
from conversations.models import Conversation, MediaFile, Message
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon
from tests.conversations import pictures, visitor
from tests.inbox import stage

pytestmark = pytest.mark.browser
PHOTO = {"name": "стрижка.png", "mimeType": "image/png", "buffer": pictures.png(640, 480)}
VOICE = {"name": "voice.wav", "mimeType": "audio/wav", "buffer": pictures.wav(2)}
PRICES = {"name": "Прайс 2026.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 prices"}


@pytest.fixture
def chat(house: House, salon: Salon) -> Connection:
    """The site chat; clients are answered by hand."""
    stage.calm_assistant(salon)
    with salon.work():
        return accounts.create("webchat", settings={}, name="Чат на сайте")


@pytest.fixture
def open_page(house: House, olga: Person, chromium: Browser) -> Iterator[Any]:
    """`open_page("/inbox/")` as Olga, `open_page("/w/…/", guest=True)` as a client."""
    profiles = []

    def opened(path: str, *, phone: bool = False, guest: bool = False) -> Page:
        cookies = [] if guest else [page.login_cookie(olga, house.url)]
        made = page.visit(chromium, house.url + path, phone=phone, language="en-US", cookies=cookies)
        profiles.append(made.context)
        return made

    yield opened
    for profile in profiles:
        profile.close()


def attach(where: Page, *files: dict[str, Any]) -> None:
    where.get_by_label("Attach a file").set_input_files(list(files))


def send(where: Page) -> None:
    where.get_by_role("button", name="Send", exact=True).click()


def drawn(where: Page, selector: str) -> None:
    """A picture came and was drawn."""
    picture = where.locator(selector).first
    expect(picture).to_be_visible()
    picture.evaluate("picture => picture.decode()")
    assert picture.evaluate("picture => picture.naturalWidth") > 0


def one_thread(salon: Salon) -> Conversation:
    with salon.work():
        return Conversation.objects.get()


def test_photos_voice_and_papers_go_both_ways(
    open_page: Any, salon: Salon, chat: Connection, tmp_path: Path
) -> None:
    client = open_page(f"/w/{visitor.token_of(chat)}/", phone=True, guest=True)
    attach(client, PHOTO)
    expect(client.locator("[data-file]")).to_contain_text("стрижка.png")
    client.get_by_role("textbox", name="Message").fill("Хочу так же")
    page.check(client)
    send(client)
    drawn(client, ".mz-picture img")
    expect(client.locator(".mz-msg", has_text="Хочу так же")).to_have_count(1)
    expect(client.locator("[data-file]")).to_have_count(0)

    inbox = open_page("/inbox/")
    inbox.locator("#inbox-rows a").first.click()
    drawn(inbox, "#inbox-thread .mz-picture img")

    # A second photo, a voice message and a document come while the thread is open
    attach(client, VOICE, {**PHOTO, "name": "ещё.png"}, PRICES)
    expect(client.locator("[data-file-bar]:visible")).to_have_count(0)
    send(client)
    expect(inbox.locator("#inbox-thread audio")).to_have_count(1, timeout=5000)
    expect(inbox.locator("#inbox-thread .mz-paper")).to_contain_text("Прайс 2026.pdf")
    expect(inbox.locator("#inbox-thread a[data-lightbox]")).to_have_count(2)
    page.check(inbox)

    # The voice message plays, from the middle too
    heard = inbox.locator("#inbox-thread audio").evaluate(
        "async (audio) => { audio.currentTime = 1; await audio.play(); return [audio.duration, audio.currentTime] }"
    )
    assert heard[0] == pytest.approx(2, abs=0.1)
    assert heard[1] >= 0.9

    # Photos are looked at closely, by keys
    inbox.locator("#inbox-thread a[data-lightbox]").first.click()
    box = inbox.locator("#lightbox")
    expect(box).to_be_visible()
    expect(box).to_contain_text("1 / 2")
    page.check(inbox, themes=("light",))
    inbox.keyboard.press("ArrowRight")
    expect(box).to_contain_text("2 / 2")
    inbox.keyboard.press("Escape")
    expect(box).to_be_hidden()

    # A document is saved under its own name
    with inbox.expect_download() as saving:
        inbox.locator("#inbox-thread .mz-paper").click()
    assert saving.value.suggested_filename == "Прайс 2026.pdf"

    # The answer: two files, one of them thought better of
    attach(inbox, PRICES, {**PHOTO, "name": "не то.png"})
    expect(inbox.locator("[data-file]")).to_have_count(2)
    page.check(inbox)
    inbox.locator("[data-file]", has_text="не то.png").get_by_label("Remove").click()
    inbox.get_by_role("textbox", name="Message").fill("Вот цены")
    inbox.keyboard.press("Enter")
    expect(client.locator(".mz-msg:not(.mz-msg--out)", has_text="Прайс 2026.pdf")).to_have_count(
        1, timeout=8000
    )
    expect(client.locator(".mz-msg", has_text="Вот цены")).to_have_count(1)
    expect(inbox.locator("[data-file]")).to_have_count(0)
    page.check(client)
    with salon.work():
        assert Message.objects.filter(direction="out").count() == 1

    phone = open_page(f"/inbox/{one_thread(salon).pk}/", phone=True)
    drawn(phone, ".mz-picture img")
    attach(phone, PHOTO)
    expect(phone.locator("[data-file-bar]:visible")).to_have_count(0)
    page.check(phone)


def test_what_cannot_go_is_said_before_it_is_sent(open_page: Any, salon: Salon, chat: Connection) -> None:
    thread = stage.write(salon, bot=chat, chat="visitor-0000000000000001")
    inbox = open_page(f"/inbox/{thread.pk}/")
    attach(inbox, {"name": "film.mp4", "mimeType": "video/mp4", "buffer": b"\0" * 20_000_001})
    expect(inbox.locator("[data-file-error]")).to_contain_text("larger than")
    inbox.get_by_role("textbox", name="Message").fill("Смотрите")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("textbox", name="Message")).to_have_value("Смотрите")
    inbox.get_by_label("Remove").click()

    # No connection: it waits for another try, and the words go with it then
    inbox.route("**/files/", lambda route: route.abort())
    attach(inbox, PHOTO)
    expect(inbox.locator("[data-file-error]")).to_contain_text("not uploaded")
    inbox.unroute("**/files/")
    inbox.locator("[data-file]").get_by_role("button", name="Try again").click()
    expect(inbox.locator("[data-file-error]:visible")).to_have_count(0)
    inbox.get_by_role("textbox", name="Message").press("Enter")
    drawn(inbox, "#inbox-thread .mz-picture img")
    page.check(inbox, allow=["ERR_FAILED"])


def test_a_file_still_on_its_way_is_waited_for(open_page: Any, salon: Salon, chat: Connection) -> None:
    thread = stage.write(salon, bot=chat, chat="visitor-0000000000000001")
    inbox = open_page(f"/inbox/{thread.pk}/")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    inbox.route("**/files/", hold)
    attach(inbox, PHOTO)
    inbox.get_by_role("textbox", name="Message").fill("Сейчас пришлю")
    inbox.keyboard.press("Enter")
    inbox.wait_for_timeout(300)
    with salon.work():
        assert not Message.objects.filter(direction="out").exists()
    held[0].continue_()
    drawn(inbox, "#inbox-thread .mz-msg--out .mz-picture img")
    with salon.work():
        assert [m.text for m in Message.objects.filter(direction="out")] == ["Сейчас пришлю"]


def test_pasted_and_dropped(open_page: Any, salon: Salon, chat: Connection) -> None:
    thread = stage.write(salon, bot=chat, chat="visitor-0000000000000001")
    inbox = open_page(f"/inbox/{thread.pk}/")
    make = """(element, kind) => {
      const data = new DataTransfer();
      data.items.add(new File(["%PDF-1.7 x"], `${kind}.pdf`, {type: "application/pdf"}));
      const fire = (name) => element.dispatchEvent(kind === "paste"
        ? new ClipboardEvent(name, {clipboardData: data, bubbles: true, cancelable: true})
        : new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}));
      for (const name of kind === "paste" ? ["paste"] : ["dragenter", "dragover", "drop"]) fire(name);
    }"""
    inbox.get_by_role("textbox", name="Message").evaluate(make, "paste")
    inbox.locator("#inbox-thread [data-thread]").evaluate(make, "drop")
    expect(inbox.locator("[data-file]")).to_have_count(2)
    expect(inbox.locator("[data-file-name]")).to_have_text([re.compile("paste.pdf"), re.compile("drop.pdf")])
    expect(inbox.locator(".mz-dropping")).to_have_count(0)
    with salon.work():
        assert MediaFile.objects.filter(message=None).count() == 2


def test_without_scripts_a_client_sends_a_photo_too(
    chromium: Browser, house: House, salon: Salon, chat: Connection
) -> None:
    profile = page.context(chromium, language="en-US", java_script_enabled=False)
    client = profile.new_page()
    client.goto(f"{house.url}/w/{visitor.token_of(chat)}/")
    attach(client, PHOTO)
    send(client)
    client.wait_for_url("**#write")
    for _ in range(50):
        client.goto(client.url.split("#")[0])
        if client.locator(".mz-picture img").count():
            break
        client.wait_for_timeout(100)
    expect(client.locator(".mz-picture img")).to_be_visible()
    profile.close()
