"""The calendar and the booking page in a real browser: with scripts at the desk, without them for a client."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from bookings.models import Booking
from tests.bookings.conftest import Shop
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def visit(shop: Shop) -> Booking:
    with shop.salon.work():
        return shop.book(shop.at(shop.monday(), "12:00"))


def open_day(chromium: Browser, house: House, shop: Shop, who: Person, **options: bool) -> Page:
    cookie = page.login_cookie(who, house.url)
    return page.visit(chromium, f"{house.url}/calendar/?day={shop.monday()}", cookies=[cookie], **options)


def test_a_day_at_the_desk(house: House, shop: Shop, visit: Booking, olga: Person, chromium: Browser) -> None:
    desk = open_day(chromium, house, shop, olga)

    # A free place opens the form with its master and time
    desk.locator(f'a.mz-day__free[href*="staff={shop.gleb.pk}&time=10:30"]').click()
    form = desk.locator("#new-part")
    expect(form.locator("select[name=staff]")).to_have_value(str(shop.gleb.pk))
    form.locator(f'input[name=services][value="{shop.cut.pk}"]').check(force=True)
    expect(form.locator('input[name=time][value="10:30"]')).to_be_checked()
    form.locator(f'input[name=addons][value="{shop.wax.pk}"]').check(force=True)
    expect(form.locator("#new-times")).to_contain_text("1\u202f900")
    form.locator('input[name=time][value="10:45"]').check(force=True)
    form.locator("input[name=phone]").fill("9139998877")
    form.locator("input[name=name]").fill("Игорь")
    form.locator("button.mz-btn--main").click()

    # The dialog closes, the calendar shows the visit at once
    made = desk.locator(".mz-visit", has_text="Игорь")
    expect(made).to_contain_text("10:45")
    expect(form).to_have_count(0)

    # Moved by the dialog, moved back by the toast
    made.click()
    desk.locator('#visit-part a[href$="/move/"]').click()
    desk.locator('#move-times input[value="15:15"]').check(force=True)
    desk.locator("#visit-part button.mz-btn--main").click()
    expect(made).to_contain_text("15:15")
    desk.keyboard.press("Escape")
    desk.locator("[data-toast-undo]").last.click()
    expect(made).to_contain_text("10:45")

    # Somebody else's change comes by itself: the poll, or an event of the page
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "17:00"), contact=None)
    desk.evaluate("document.body.dispatchEvent(new CustomEvent('visits', {bubbles: true}))")
    expect(desk.locator(".mz-visit", has_text="17:00")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_part_keeps_its_promises(
    house: House,
    shop: Shop,
    visit: Booking,
    olga: Person,
    chromium: Browser,
    phone: bool,
) -> None:
    day = open_day(chromium, house, shop, olga, phone=phone)
    base = f"/calendar/new/?day={shop.monday()}&services={shop.cut.pk}"
    paths = (
        f"/calendar/?day={shop.monday()}",
        base,
        f"/calendar/{visit.pk}/",
        f"/calendar/{visit.pk}/move/",
        "/catalogue/masters/",
        f"/catalogue/masters/{shop.pasha.pk}/",
        f"/catalogue/masters/{shop.pasha.pk}/days-off/",
        "/catalogue/services/new/",
        "/b/omsk/",
        f"/b/omsk/?s={shop.cut.pk}",
        f"/b/omsk/?s={shop.cut.pk}&ok=1&m=any",
        f"/v/{visit.public_token}/",
        f"/v/{visit.public_token}/move/",
    )
    for path in paths:
        day.goto(house.url + path)
        page.check(day)
        if not phone and path == paths[0]:
            day.goto(house.url + path)  # axe leaves marks on the page that htmx would carry along
            day.locator(".mz-visit").first.click()
            expect(day.locator("#visit-part")).to_be_visible()
            page.check(day)


def test_a_client_books_without_scripts(house: House, shop: Shop, chromium: Browser) -> None:
    client = page.visit(chromium, house.url + "/b/omsk/", phone=True, java_script_enabled=False)
    client.locator(f'input[name=s][value="{shop.cut.pk}"]').check(force=True)
    client.locator(".mz-sum button").click()
    client.locator(f'input[name=a][value="{shop.wax.pk}"]').check(force=True)
    client.locator(".mz-sum button").click()
    client.locator(".mz-slot").first.click()
    client.locator("input[name=name]").fill("Анна")
    client.locator("input[name=phone]").fill("8 913 123-45-67")
    client.locator(".mz-sum button").click()
    expect(client).to_have_url(re.compile("/v/"))
    client.locator('a[href$="/move/"]').click()
    client.locator(".mz-slot").nth(3).click()
    expect(client).to_have_url(re.compile("/v/[^/]+/$"))
    client.locator('form[action$="/confirm/"] button').click()
    with shop.salon.work():
        booking = Booking.objects.get()
        assert booking.client_confirmed_at is not None
        assert booking.total == 1900
    client.locator("summary").click()
    client.locator('form[action$="/cancel/"] button').click()
    with shop.salon.work():
        assert Booking.objects.get().status == "cancelled"
