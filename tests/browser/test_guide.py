"""The design language in a real browser: every part in both themes on both sizes, and what each behaviour does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.servers import basehttp
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler
from django.urls import clear_url_caches
from playwright.sync_api import Browser, Page, expect

from tests.browser import guide_urls, page
from tests.conftest import Person, Salon

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.fixture
def visit(
    live_db: dict[str, str], salon: Salon, olga: Person, chromium: Browser, settings: Any
) -> Iterator[Visit]:
    """Opens the guide, in English and as Olga, served by this process."""
    settings.ROOT_URLCONF = "tests.browser.guide_urls"
    clear_url_caches()
    server = basehttp.ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    opened: list[Page] = []

    def visit(**options: Any) -> Page:
        options = {"language": "en-US", "cookies": [page.login_cookie(olga, url)]} | options
        opened.append(page.visit(chromium, url + options.pop("path", "/ui/"), **options))
        return opened[-1]

    yield visit
    for shown in opened:
        shown.context.close()
    server.shutdown()
    server.server_close()
    clear_url_caches()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_part_keeps_the_promises(visit: Visit, phone: bool) -> None:
    shown = visit(phone=phone)
    expect(shown.locator("[data-chart] svg").first).to_be_visible()
    page.check(shown)
    shown.locator(".mz-user summary").click()
    page.check(shown, themes=["dark"])
    shown.keyboard.press("Escape")
    shown.get_by_role("button", name="New visit").click()
    page.check(shown, themes=["light"])


def test_the_check_itself_sees_what_is_wrong(visit: Visit) -> None:
    shown = visit(phone=True)
    shown.evaluate(
        """() => {
          const bad = document.createElement('div');
          bad.innerHTML = '<button class="x" type="button"></button><p id="wide">wide</p>';
          bad.innerHTML += '<b style="color: red">inline</b>';
          document.querySelector('main').prepend(bad);
          bad.querySelector('#wide').style.cssText = 'width: 900px; color: #aaa; background: #bbb';
          console.error('broken');
        }"""
    )
    with pytest.raises(AssertionError) as told:
        page.check(shown)
    for word in (
        "CSP: style-src",
        "console: broken",
        "button-name",
        "color-contrast",
        "sideways",
        "small target",
    ):
        assert word in str(told.value)


def test_the_theme_is_chosen_kept_and_followed(visit: Visit) -> None:
    shown = visit()
    root = shown.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    shown.locator(".mz-user summary").click()
    shown.get_by_role("button", name="Dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    shown.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    shown.locator(".mz-user summary").click()
    shown.get_by_role("button", name="Auto").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    shown.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-bs-theme", "dark")


def test_keys_go_by_their_place(visit: Visit) -> None:
    """The physical key is pressed with a Russian letter on it; inside a field it is a letter again."""
    shown = visit()
    press = """(key) => document.body.dispatchEvent(
      new KeyboardEvent('keydown', {...key, bubbles: true, cancelable: true}))"""
    shown.evaluate(press, {"code": "KeyN", "key": "т"})
    dialog = shown.get_by_role("dialog", name="New visit")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Phone")).to_be_focused()
    shown.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    shown.evaluate(press, {"code": "KeyR", "key": "к"})
    reply = shown.get_by_role("textbox", name="Message")
    expect(reply).to_be_focused()
    shown.keyboard.type("n")
    expect(reply).to_have_value("n")
    expect(dialog).to_be_hidden()
    reply.blur()
    shown.keyboard.press("?")
    keys = shown.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("New visit")
    keys.get_by_text("Single keys work").click()
    shown.keyboard.press("Escape")
    shown.keyboard.press("n")
    expect(dialog).to_be_hidden()


def test_j_and_k_walk_the_list(visit: Visit) -> None:
    shown = visit()
    rows = shown.locator("[data-key-list] a.mz-row")
    shown.keyboard.press("j")
    expect(rows.nth(2)).to_be_focused()  # the current one is the second
    shown.keyboard.press("j")
    expect(rows.nth(3)).to_be_focused()
    shown.keyboard.press("k")
    expect(rows.nth(2)).to_be_focused()


def test_a_toast_takes_back_and_a_failure_is_said(visit: Visit) -> None:
    shown = visit()
    shown.get_by_role("button", name="Toast with undo").click()
    toast = shown.locator(".mz-toast")
    expect(toast).to_contain_text("The conversation is closed")
    with shown.expect_request(lambda request: request.method == "POST") as sent:
        shown.keyboard.press("z")
    assert sent.value.headers["x-csrftoken"]
    shown.get_by_role("button", name="A failure").click()
    expect(shown.locator(".mz-toast--loss")).to_contain_text("Nothing is lost")


def test_a_question_is_asked_before_what_cannot_be_undone(visit: Visit) -> None:
    shown = visit()
    posts: list[str] = []
    shown.on("request", lambda request: posts.extend([request.url] if request.method == "POST" else []))
    question = shown.get_by_role("dialog", name="Are you sure?")
    ask = shown.get_by_role("button", name="With a question")
    ask.click()
    expect(question).to_contain_text("Send to 120 clients?")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert posts == []
    ask.click()
    question.get_by_role("button", name="Yes").click()
    expect(shown.locator(".mz-toast")).to_be_visible()
    assert len(posts) == 1


def test_a_dialog_from_the_server_gives_the_focus_back(visit: Visit) -> None:
    shown = visit()
    opener = shown.get_by_role("button", name="A dialog from the server")
    opener.click()
    dialog = shown.get_by_role("dialog", name="From the server")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Good").click()
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_form_goes_once_and_keeps_its_key_until_it_is_taken(visit: Visit) -> None:
    shown = visit()
    form = shown.locator("form[data-once][hx-post]")
    form.get_by_label("Client").fill("Anna")
    form.get_by_label("Master").evaluate("(field) => field.required = false")
    key = form.locator("[name=client_key]")
    first = key.input_value()
    save = form.get_by_role("button", name="Save")
    sent: list[str] = []
    shown.on(
        "request", lambda request: sent.extend([request.post_data or ""] if request.method == "POST" else [])
    )

    shown.context.set_offline(True)
    save.click()
    expect(shown.locator(".mz-toast--loss")).to_contain_text("No connection")
    expect(key).to_have_value(first)
    shown.context.set_offline(False)
    save.dblclick()
    expect(key).not_to_have_value(first)
    assert len(sent) == 2  # the one that was lost, and one for both clicks
    assert all(f"client_key={first}" in body for body in sent)


def test_a_phone_number_gets_its_blanks(visit: Visit) -> None:
    shown = visit()
    field = shown.locator("form[data-once][hx-post]").get_by_label("Phone")
    field.fill("")
    field.press_sequentially("89131234567")
    expect(field).to_have_value("+7 913 123-45-67")
    field.fill("")
    field.press_sequentially("+996555123456")
    expect(field).to_have_value("+996555123456")


def test_another_clock_is_named(visit: Visit) -> None:
    assert "(" not in visit().locator("time[data-local]").first.inner_text()
    abroad = visit(timezone_id="Europe/Moscow").locator("time[data-local]").first
    expect(abroad).to_contain_text("(Omsk)")
    assert "GMT+3" in (abroad.get_attribute("title") or "")


def test_unread_stands_in_the_title(visit: Visit) -> None:
    shown = visit()
    bare = shown.title()
    tell = """(data) => document.querySelector('#main').dispatchEvent(
      new CustomEvent('unread', {detail: {data}, bubbles: true}))"""
    shown.evaluate(tell, "3")
    expect(shown).to_have_title(f"(3) {bare}")
    expect(shown.locator("[data-unread-count]").first).to_contain_text("3")
    shown.evaluate(tell, "0")
    expect(shown).to_have_title(bare)


def test_charts_speak_in_tables_and_under_the_pointer(visit: Visit) -> None:
    shown = visit()
    figure = shown.locator("#g-bar")
    figure.get_by_text("The same as a table").click()
    expect(figure.get_by_role("row")).to_have_count(6)
    for name in ("line", "bar", "funnel", "heat", "stack", "sankey", "share"):
        plot = shown.locator(f"[data-chart=g-{name}-data]")
        expect(plot.locator("svg")).to_be_visible()
        plot.hover()
    page.check(shown, themes=["light"])


def test_one_tab_holds_the_line_and_all_hear_it(visit: Visit) -> None:
    """Six tabs of a person would use up the browser's connections; so one listens for all, and another one follows."""
    line = guide_urls.line
    line.open_now.clear()
    first = visit(path="/line-page/")
    line.wait_for(1)
    second = first.context.new_page()
    second.goto(first.url)
    hear = """() => ['inbox', 'live:reread'].forEach((name) => document.body.addEventListener(name, (event) => {
      document.title = `${name} ${event.detail.data ?? ''}`.trim();
    }))"""
    for tab in (first, second):
        tab.evaluate(hear)
    line.say("inbox", "42")
    for tab in (first, second):
        expect(tab).to_have_title("inbox 42")
    line.wait_for(1)

    first.close()
    expect(second).to_have_title("live:reread", timeout=15_000)  # what came meanwhile is read again
    line.wait_for(1)
    line.say("inbox", "43")
    expect(second).to_have_title("inbox 43")

    line.cut()
    expect(second).to_have_title("live:reread", timeout=15_000)
    line.say("unread", "5")
    expect(second).to_have_title("(5) live:reread")
