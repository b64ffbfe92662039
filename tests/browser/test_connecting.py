"""An owner connects a Telegram bot in a real browser: a wrong token, the right one, the first word, and off again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from connections import kinds
from fakes.telegram import FakeTelegram
from integrations import registry
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WRONG, RIGHT = "700000009:AAwrong-token", "700000001:AAright-token"


@pytest.fixture
def telegram_api(settings: Any) -> Iterator[FakeTelegram]:
    """Asked for before `house`, so that its processes know the address."""
    with FakeTelegram() as fake:
        fake.latency = 0.4  # as far away as the real one, so that each check can be seen
        fake.revoked.add(WRONG)
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_from_a_wrong_token_to_the_first_word(
    phone: bool, telegram_api: FakeTelegram, house: House, salon: Salon, olga: Person, chromium: Browser
) -> None:
    desk = page.visit(
        chromium, f"{house.url}/channels/", phone=phone, cookies=[page.login_cookie(olga, house.url)]
    )
    page.check(desk)
    desk.locator('a[href="/channels/add/telegram/"]').click()
    expect(desk.locator(".mzc-step")).to_have_count(3)
    page.check(desk)

    # A token that BotFather never gave: the first check fails, in words, and the field keeps what was typed.
    desk.locator("[name=bot_token]").fill(WRONG)
    desk.locator("main form button:not([type=button])").click()
    expect(desk.locator(".mzc-line--failed")).to_have_count(1, timeout=15_000)
    expect(desk.locator("main [role=alert]")).to_contain_text("Unauthorized")
    expect(desk.locator("[name=bot_token]")).to_have_value(WRONG)
    page.check(desk)

    # The right one: the checks turn green one after another.
    desk.locator("[name=bot_token]").fill(RIGHT)
    desk.locator("form[action$='/connect/'] button").click()
    expect(desk.locator(".mzc-line--now")).to_have_count(1, timeout=15_000)
    expect(desk.locator(".mzc-line--done")).to_have_count(3, timeout=15_000)
    expect(desk.locator("#test .mz-qr img")).to_be_visible()
    expect(desk.locator("#test")).to_contain_text("t.me/salon700000001_bot")
    page.check(desk)

    # A client writes; the page turns green without a touch.
    assert telegram_api.person(900100, "Anna", token=RIGHT).say("Здравствуйте") == 200
    expect(desk.locator("#test")).to_have_count(0, timeout=15_000)
    expect(desk.locator("#health .mz-tile--gain")).to_have_count(2)
    page.check(desk)

    # Off, and back by the toast.
    desk.locator("#manage summary").click()
    desk.locator("#manage [hx-post$='/switch/']").click()
    expect(desk.locator("[data-toast-undo]")).to_be_visible()
    expect(desk.locator("[hx-post$='to=on']").first).to_be_visible()
    page.check(desk)
    desk.locator("[data-toast-undo]").click()
    expect(desk.locator(".mz-badge--gain")).to_have_count(1)
    assert RIGHT in telegram_api.webhooks

    # New settings are tried first: a dead token does not replace one that works.
    desk.goto(re.sub(r"#.*", "", desk.url) + "settings/")
    page.check(desk)
    desk.locator("[name=bot_token]").fill(WRONG)
    desk.locator("main form button:not([type=button])").click()
    expect(desk.locator("main a[href$='/settings/']").first).to_be_visible()
    expect(desk.locator("main [role=alert]")).to_contain_text("Unauthorized", timeout=15_000)
    page.check(desk)


def test_every_kinds_page_keeps_its_promises_on_a_phone(
    house: House, olga: Person, chromium: Browser
) -> None:
    profile = page.context(chromium, phone=True)
    profile.add_cookies([page.login_cookie(olga, house.url)])  # type: ignore[list-item]
    opened, wrong = profile.new_page(), []
    for kind in registry.channels:
        choices = [value for value, _label in kinds.providers(kind)]
        for query in ["", *(f"?provider={value}" for value in choices)]:
            answer = opened.goto(f"{house.url}/channels/add/{kind}/{query}")
            if answer is None or answer.status != 200:
                wrong.append(f"{kind}{query}: {answer and answer.status}")
                continue
            try:
                page.check(opened)
            except AssertionError as error:
                wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)
