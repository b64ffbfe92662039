"""The call list and a visit's code in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from bookings.models import Booking
from connections.models import Connection
from tests.browser import page
from tests.browser.conftest import House, chromium, house
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.reminders.test_calls import victor, visit

__all__ = ["chromium", "house", "victor", "visit"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_list_is_called_through_and_undone(
    phone: bool,
    house: House,
    chromium: Browser,
    olga: Person,
    visit: Booking,
) -> None:
    cookie = page.login_cookie(olga, house.url)
    calls = page.visit(chromium, house.url + "/calls/", phone=phone, cookies=[cookie])
    page.check(calls)
    victor_row = calls.locator("li", has_text="Виктор")
    expect(victor_row.locator("a[href='tel:+79130000000']").first).to_be_visible()
    victor_row.locator("form button").click()
    expect(calls.locator("li.mz-row--done", has_text="Виктор")).to_be_visible()
    calls.locator("[data-toast-undo]").click()
    expect(calls.locator("li.mz-row--done")).to_have_count(0)
    expect(calls.locator("li", has_text="Виктор")).to_be_visible()
    calls.context.close()


def test_the_code_of_a_visit(
    house: House,
    chromium: Browser,
    olga: Person,
    shop: Salon,
    visit: Booking,
) -> None:
    telegram.connect(shop)
    with shop.work():
        Connection.objects.filter(kind="telegram").update(account={"link_base": "https://t.me/olga_bot"})
    cookie = page.login_cookie(olga, house.url)
    for phone in (False, True):
        code = page.visit(chromium, f"{house.url}/calls/{visit.pk}/link/", phone=phone, cookies=[cookie])
        page.check(code)
        expect(code.locator("input[readonly]")).to_have_value(
            f"https://t.me/olga_bot?start=visit_{visit.public_token}"
        )
        code.context.close()
