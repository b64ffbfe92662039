"""A link for a flyer, made on a phone and at a desk; the page where a client chooses a messenger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(house: House, salon: Salon, olga: Person, chromium: Browser) -> Iterator[Any]:
    """Opens Olga's pages."""
    profiles = []

    def open_page(path: str, *, phone: bool = False) -> Page:
        cookie = page.login_cookie(olga, house.url)
        opened = page.visit(chromium, house.url + path, phone=phone, language="en-US", cookies=[cookie])
        profiles.append(opened.context)
        return opened

    yield open_page
    for profile in profiles:
        profile.close()


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_a_link_is_made_printed_archived_and_put_back(desk: Any, phone: bool) -> None:
    links = desk("/links/", phone=phone)
    expect(links.get_by_text("No links yet")).to_be_visible()
    links.get_by_label("Where it stands").fill("Листовка у входа")
    links.get_by_label("Source").fill("flyer")
    links.get_by_role("button", name="Make the link").click()
    expect(links.get_by_label("Link", exact=True)).to_have_value(re.compile(r"/l/omsk/flyer/$"))
    page.check(links)
    links.get_by_role("link", name="Links and QR codes").click()
    row = links.locator("#links .mz-row", has_text="Листовка у входа")
    expect(row).to_contain_text("0 clicks")
    page.check(links)
    row.get_by_role("button", name="Archive: Листовка у входа").click()
    expect(row).to_have_count(0)
    links.locator(".mz-toast").get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
