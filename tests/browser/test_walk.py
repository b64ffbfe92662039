"""From a client's first word to the ruble on the dashboard, in a real browser on both sides."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bookings.models import Booking
from connections.addresses import public_address
from connections.models import Connection
from conversations.models import Message
from reminders.models import Reminder
from tenants.models import Tenant
from tests.browser import page
from tests.browser.conftest import House
from tests.conftest import Person, Salon, make_salon

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

# What a client who wants to be booked does not press.
DETOURS = re.compile("другой|другая|админ|человек|нет|без|назад|other|person|no,|without|back", re.IGNORECASE)


@pytest.fixture
def barbershop(live_db: Any) -> Salon:
    salon = make_salon("omsk", email="olga@example.com", name="Барбершоп «Омск»", industry="barbershop")
    with salon.work():
        Tenant.objects.update(is_demo=True)
        Tenant.objects.update(address="Омск, ул. Ленина, 18")
    return salon


def write(chat: Page, text: str) -> None:
    chat.locator("textarea").fill(text)
    chat.locator("form.mz-composer button[type=submit]").click()


def last_choices(chat: Page) -> list[Any]:
    """The buttons under the newest message that has any."""
    offering = chat.locator(".mz-msg", has=chat.locator(".mz-msg__buttons button"))
    if not offering.count():
        return []
    return [b for b in offering.last.get_by_role("button").all() if b.is_visible() and b.is_enabled()]


def booked(salon: Salon) -> Booking | None:
    with salon.work():
        return Booking.objects.filter(status="confirmed").first()


def answer_until_booked(chat: Page, salon: Salon) -> Booking:
    """Presses what is offered, gives the phone when asked."""
    said = 0
    for _ in range(200):
        if booking := booked(salon):
            return booking
        with salon.work():
            newest = Message.objects.filter(direction="out").order_by("-id").first()
        if newest is None or newest.pk == said or newest.state not in ("sent", "delivered", "read"):
            chat.wait_for_timeout(300)
            continue
        expect(chat.locator(".mz-thread")).to_contain_text(newest.text.splitlines()[0][:40])
        chat.wait_for_timeout(600)
        said = newest.pk
        choices = [b for b in last_choices(chat) if not DETOURS.search(b.inner_text())]
        if choices:
            choices[0].click()
        else:
            write(chat, "+7 913 123-45-67")
    raise AssertionError(f"no visit was booked: {chat.locator('.mz-thread').inner_text()}")


def test_from_the_first_word_to_the_ruble(house: House, barbershop: Salon, chromium: Browser) -> None:
    salon = barbershop
    olga = Person(salon.owner, salon)
    with salon.work():
        address = public_address(Connection.objects.get(kind="webchat"))
    inbox = page.visit(chromium, f"{house.url}/inbox/", cookies=[page.login_cookie(olga, house.url)])
    chat = page.visit(chromium, address, phone=True)

    # The client writes; an answer comes within three seconds.
    write(chat, "Здравствуйте, хочу записаться на мужскую стрижку")
    expect(chat.locator(".mz-msg--robot, .mz-msg:not(.mz-msg--out)").first).to_be_visible(timeout=3000)

    # The manager sees the thread appear without touching the page.
    expect(inbox.locator(".mz-rows")).to_contain_text("Мужская стрижка", timeout=6000)

    booking = answer_until_booked(chat, salon)
    page.check(chat)
    with salon.work():
        planned = Reminder.objects.filter(booking=booking)
        assert planned.count() == 3
        assert Booking.objects.get().lead.status == "booked"

    # The demo's clock moves to each reminder that is still ahead; it arrives in the chat.
    for reminder in sorted(planned.filter(state="waiting"), key=lambda row: row.due_at):
        demo = page.visit(chromium, f"{house.url}/demo/", cookies=[page.login_cookie(olga, house.url)])
        demo.locator("input[name=to] ~ button").click()
        demo.wait_for_load_state()
        demo.context.close()
        for _ in range(60):
            with salon.work():
                state = Reminder.objects.get(pk=reminder.pk).state
            if state in ("done", "expired"):
                break
            chat.wait_for_timeout(250)
        assert state == "done"
        with salon.work():
            text = Reminder.objects.get(pk=reminder.pk).message.text
        expect(chat.locator(".mz-thread")).to_contain_text(text.splitlines()[0][:30], timeout=6000)

    # After the visit: marked as completed on Today, found as money.
    with salon.work():
        ahead = booking.ends_at - salon.now() + dt.timedelta(minutes=5)
        Tenant.objects.update(clock_offset=Tenant.objects.get().clock_offset + ahead)
    calendar = page.visit(
        chromium,
        f"{house.url}/inbox/today/",
        cookies=[page.login_cookie(olga, house.url)],
    )
    calendar.locator(
        f"form[action*='/{booking.pk}/complete/'] button, [hx-post*='/{booking.pk}/complete/']"
    ).first.click()
    for _ in range(40):
        with salon.work():
            if Booking.objects.get(pk=booking.pk).status == "completed":
                break
        calendar.wait_for_timeout(250)
    money = page.visit(chromium, f"{house.url}/money/", cookies=[page.login_cookie(olga, house.url)])
    with salon.work():
        total = Booking.objects.get(pk=booking.pk).total
    shown = f"{int(total):,}".replace(",", "\u202f")
    expect(money.locator("main")).to_contain_text(shown)
    page.check(money)
    page.check(inbox)
