"""An owner connects a group of colleagues in a real browser, and a client is answered in it; every process is real."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from connections import accounts
from fakes.telegram import FakeTelegram
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon
from tests.inbox import group_stage, stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

TOKEN, SECRET = "700000001:AAright-token", "s3cret_s3cret"


@pytest.fixture
def telegram_api(settings: Any) -> Iterator[FakeTelegram]:
    """Asked for before `house`, so that its processes know the address."""
    with FakeTelegram() as fake:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": fake.url}
        yield fake


def wait_for(happens: Callable[[], Any], seconds: float = 15) -> Any:
    end = time.monotonic() + seconds
    while not (found := happens()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found
    return found


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_from_the_steps_to_an_answer_out_of_the_group(
    phone: bool, telegram_api: FakeTelegram, house: House, salon: Salon, olga: Person, chromium: Browser
) -> None:
    group_stage.speak_english(salon)
    stage.calm_assistant(salon)
    with salon.work():
        bot = accounts.create("telegram", settings={"bot_token": TOKEN, "secret_token": SECRET})
        bot.account = {"link_base": "https://t.me/omsk_bot", "username": "omsk_bot"}
        bot.save(update_fields=["account"])
        hook = {"url": house.url + accounts.hook_path(bot), "secret_token": SECRET, "allowed_updates": []}
    telegram_api.webhooks[TOKEN] = hook
    group = telegram_api.group(-1001234567890, "Shift", token=TOKEN)
    group.forum = False
    desk = page.visit(
        chromium,
        f"{house.url}/inbox/group/{bot.pk}/",
        phone=phone,
        cookies=[page.login_cookie(olga, house.url)],
    )
    expect(desk.locator(".mz-step")).to_have_count(3)
    page.check(desk)
    page.shot(desk, f"group-steps-{phone}", full=True)
    desk.locator("main form button").click()
    code = desk.locator("#group-code").input_value()
    page.check(desk)
    page.shot(desk, f"group-code-{phone}", full=True)

    # Said in the group, which has no topics yet: the page says so without a touch.
    lena = group.person(300100, "Лена")
    assert lena.say(code) == 200
    expect(desk.locator(".mz-alert--wait")).to_be_visible(timeout=15_000)
    page.check(desk)
    page.shot(desk, f"group-lacks-{phone}", full=True)
    group.forum = True
    desk.locator("form[action$='/look/'] button").click()
    expect(desk.locator(".mz-badge--gain")).to_be_visible(timeout=15_000)
    page.check(desk)
    page.shot(desk, f"group-connected-{phone}", full=True)

    # A client writes, a colleague answers in the topic, the client has it.
    assert telegram_api.person(900100, "Анна", token=TOKEN).say("Здравствуйте") == 200
    topic = wait_for(lambda: next(iter(group.topics), ""))
    wait_for(lambda: group.words(topic)[1:] == ["Анна\nЗдравствуйте"])
    assert lena.within(topic).say("Приходите в 15:00") == 200
    (sent,) = wait_for(lambda: telegram_api.sent_to(900100))
    assert sent["text"] == "Приходите в 15:00"

    # Off, and back by the toast.
    desk.locator("button[hx-post$='/detach/']").click()
    expect(desk.locator(".mz-step")).to_have_count(3, timeout=15_000)
    desk.locator("[data-toast-undo]").click()
    expect(desk.locator(".mz-badge--gain")).to_be_visible(timeout=15_000)
    desk.context.close()
