"""Every page of the desk with a salon's three months behind it: clean for axe and the CSP, on a desktop and a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from conversations.models import Conversation
from onboarding.demo import tenant as demo
from tenants import wall
from tenants.models import User
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PATHS = (
    "/inbox/",
    "/inbox/{thread}/",
    "/inbox/today/",
    "/inbox/alerts/",
    "/calendar/",
    "/catalogue/",
    "/calls/",
    "/money/",
    "/money/spend/",
    "/setup/",
    "/team/",
    "/demo/",
    "/channels/",
    "/channels/add/telegram/",
    "/crm/",
    "/start/",
)


@pytest.fixture
def owner(live_db: Any) -> tuple[Person, dict[str, Any]]:
    told = demo.load("demo")
    with wall.tenant_tx(told["id"]):
        thread = Conversation.objects.order_by("-last_message_at").values_list("pk", flat=True)[0]
    return Person(User.objects.get(email="owner@demo.marzha"), None), {"thread": thread}


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_page_keeps_its_promises(
    phone: bool, house: House, owner: tuple[Person, dict[str, Any]], chromium: Browser
) -> None:
    person, facts = owner
    wrong = []
    profile = page.context(chromium, phone=phone)
    profile.add_cookies([page.login_cookie(person, house.url)])  # type: ignore[list-item]
    for path in PATHS:
        opened = profile.new_page()
        answer = opened.goto(house.url + path.format(**facts))
        if answer is None or answer.status != 200:
            wrong.append(f"{path}: {answer and answer.status}")
        else:
            try:
                page.check(opened)
            except AssertionError as error:
                wrong.append(str(error))
        opened.close()
    assert not wrong, "\n\n".join(wrong)
