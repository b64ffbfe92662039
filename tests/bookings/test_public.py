"""The page clients book on and the page of a visit, as a browser without JavaScript uses them."""

from __future__ import annotations

import datetime as dt
import html
import itertools
import re
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from bookings import lifecycle, links
from bookings.models import Booking, Service
from conversations.models import Contact
from leads.models import Lead, Touch
from tests.bookings.conftest import Shop

_numbers = itertools.count(int(time.time()) % 200 * 250)


@pytest.fixture
def client() -> Client:
    """A client with an address of their own: those of one address are counted together."""
    number = next(_numbers)
    return Client(REMOTE_ADDR=f"203.0.{number // 250 % 250}.{number % 250}")


def texts(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def hidden(page: str) -> list[tuple[str, str]]:
    """The hidden fields of the page's form."""
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)


def to_times(client: Client, shop: Shop, **more: Any) -> str:
    """Walks to the page of free times by its own forms; returns that page."""
    page = texts(client.get("/b/omsk/?utm_source=vk&utm_campaign=autumn&junk=1"))
    assert "Мужская стрижка" in page
    query = [*hidden(page), ("s", str(shop.cut.pk))]
    page = texts(client.get("/b/omsk/?" + urlencode(query)))
    assert "Воск" in page
    assert "Глеб" in page
    chosen = {"a": str(shop.wax.pk), "m": str(shop.pasha.pk)} | more
    query = [*hidden(page), *((name, value) for name, value in chosen.items() if value)]
    return texts(client.get("/b/omsk/?" + urlencode(query)))


def to_form(client: Client, shop: Shop, clock: str = "12:00", **more: Any) -> str:
    """Goes on to the form of name and phone with a free time of a Monday."""
    page = to_times(client, shop, **more)
    later = re.search(r'href="(\?[^"]*from=[^"]*)"', page)
    assert later
    page = texts(client.get("/b/omsk/" + re.sub(r"from=[^&]*", f"from={shop.monday()}", later[1])))
    start = shop.at(shop.monday(), clock).astimezone(dt.UTC).isoformat()
    link = next(
        one for one in re.findall(r'class="mz-slot" href="([^"]+)"', page) if urlencode({"at": start}) in one
    )
    return texts(client.get("/b/omsk/" + link))


def send(client: Client, page: str, **more: Any) -> Any:
    """Sends the form of name and phone."""
    fields: dict[str, list[str]] = {}
    for name, value in hidden(page):
        fields.setdefault(name, []).append(value)
    at = re.search(r'name="at" value="([^"]+)"', page)
    assert at
    body = fields | {"at": [at[1]], "name": "Анна", "phone": "8 913 123 45 67"} | more
    return client.post("/b/omsk/", body)


def test_from_the_price_list_to_a_visit(shop: Shop, client: Client) -> None:
    answer = send(client, to_form(client, shop))
    assert answer.status_code == 302
    with shop.salon.work():
        booking = Booking.objects.get()
        assert answer["Location"] == f"/v/{booking.public_token}/"
        assert (booking.staff, booking.total) == (shop.pasha, 1900)
        assert booking.starts_at == shop.at(shop.monday(), "12:00")
        assert (booking.origin, booking.addons_offered, booking.contact.phone) == (
            "online",
            True,
            "+79131234567",
        )
        lead = Lead.objects.get()
        assert booking.lead == lead
        assert (lead.status, lead.source, lead.campaign) == ("booked", "vk", "autumn")
        assert lead.first_reply_at is not None
        assert Touch.objects.filter(lead=lead).count() == 1
        assert booking.source == "vk"
        assert [c.by for c in booking.changes.all()] == ["client"]
    page = texts(client.get(answer["Location"]))
    assert "Мужская стрижка" in page
    assert "UTC+6" in page


def test_the_same_form_sent_twice_is_one_visit(shop: Shop, client: Client) -> None:
    page = to_form(client, shop)
    first, second = send(client, page), send(client, page)
    assert first["Location"] == second["Location"]
    with shop.salon.work():
        assert Booking.objects.count() == 1


def test_a_key_of_another_salons_form_makes_another_link(
    shop: Shop, boris_shop: Shop, client: Client
) -> None:
    page = to_form(client, shop)
    first = send(client, page)
    body = {
        "key": dict(hidden(page))["key"],
        "s": boris_shop.cut.pk,
        "ok": "1",
        "m": "any",
        "name": "Б",
        "phone": "+79130000000",
        "at": boris_shop.at(boris_shop.monday(), "12:00").isoformat(),
    }
    second = client.post("/b/boris/", body)
    assert second.status_code == 302
    assert second["Location"] != first["Location"]


def test_the_loser_of_a_race_presses_one_of_three(shop: Shop, client: Client) -> None:
    page = to_form(client, shop)
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "12:15"), contact=None)
    answer = send(client, page)
    assert answer.status_code == 409
    page = texts(answer)
    offered = re.findall(r'<button class="mz-slot" name="at" value="([^"]+)"', page)
    assert len(offered) == 3
    assert 'value="Анна"' in page
    with shop.salon.work():  # nothing half-written
        assert not Lead.objects.exists()
        assert not Contact.objects.exists()
    assert send(client, page, at=offered[0]).status_code == 302


def test_a_link_to_a_time_gone_meanwhile_shows_the_nearest(shop: Shop, client: Client) -> None:
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "12:00"), contact=None)
    at = shop.at(shop.monday(), "12:00").isoformat()
    query = urlencode({"s": shop.cut.pk, "ok": 1, "m": shop.pasha.pk, "at": at})
    answer = client.get("/b/omsk/?" + query)
    assert answer.status_code == 409
    assert len(answer.context["near"]) == 3


def test_any_master_and_no_add_ons(shop: Shop, client: Client) -> None:
    assert send(client, to_form(client, shop, a="", m="any")).status_code == 302
    with shop.salon.work():
        assert Booking.objects.get().total == 1500


def test_a_choice_of_one_is_not_asked(shop: Shop, client: Client) -> None:
    page = texts(client.get(f"/b/omsk/?s={shop.beard.pk}"))  # only Pasha shaves, no add-on fits
    assert 'class="mz-slot"' in page


def test_what_nobody_does_together_is_said(shop: Shop, client: Client) -> None:
    with shop.salon.work():
        shop.beard.staff_links.update(staff=shop.gleb)
        shop.cut.staff_links.filter(staff=shop.gleb).delete()
    answer = client.get(f"/b/omsk/?s={shop.beard.pk}&s={shop.cut.pk}")
    assert answer.context["apart"]


@pytest.mark.parametrize(
    "query",
    [
        "s=999999",
        "s=x",
        "s=" + "9" * 400,
        "s=1&a=2&m=3&at=never&ok=1",
        "s[]=1",
        "at=9999-12-31T23:59:59-12:00",
        "from=0000",
        "s=%00",
        "utm_source=%00%ff",
    ],
)
def test_odd_addresses_lead_back_to_the_price_list(shop: Shop, client: Client, query: str) -> None:
    answer = client.get("/b/omsk/?" + query)
    assert answer.status_code == 200
    assert "Мужская стрижка" in texts(answer)


def test_odd_days_and_times_of_a_real_request(shop: Shop, client: Client) -> None:
    base = f"/b/omsk/?s={shop.cut.pk}&ok=1&m=any"
    for query in ("from=9999-12-31", "from=0001-01-01", "from=soon"):
        assert client.get(f"{base}&{query}").status_code == 200
    for at in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2020-01-01T10:00:00+06:00"):
        assert client.get(f"{base}&{urlencode({'at': at})}").status_code in (200, 409)
        body = {"s": shop.cut.pk, "m": "any", "ok": 1, "at": at, "name": "А", "phone": "+79131234567"}
        assert client.post("/b/omsk/", body).status_code in (200, 409)
    with shop.salon.work():
        assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"phone": "нет"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"name": ""}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"website": "http://x"}, "website"),
    ],
)
def test_a_form_that_cannot_be_meant_comes_back(shop: Shop, client: Client, change: Any, field: str) -> None:
    answer = send(client, to_form(client, shop), **change)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with shop.salon.work():
        assert not Booking.objects.exists()
        assert not Contact.objects.exists()


def test_a_salon_whose_calendar_is_not_complete_promises_nothing(shop: Shop, client: Client) -> None:
    with shop.salon.work():
        shop.salon.tenant.calendar_complete = False
        shop.salon.tenant.save()
    page = texts(client.get(f"/b/omsk/?s={shop.cut.pk}"))
    assert "mz-slot" not in page
    assert "<form" not in page


def test_an_unknown_salon_is_404(db: None, client: Client) -> None:
    assert client.get("/b/nobody/").status_code == 404
    assert client.post("/b/nobody/").status_code == 404


def test_prices_of_a_service_without_masters_are_not_shown(shop: Shop, client: Client) -> None:
    with shop.salon.work():
        Service.objects.create(name="Никто не делает", minutes=10, price=1)
    assert "Никто не делает" not in texts(client.get("/b/omsk/"))


def test_whoever_books_too_often_is_asked_to_wait(shop: Shop, client: Client) -> None:
    answers = [client.post("/b/omsk/") for _ in range(45)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert client.get("/b/omsk/").status_code == 200  # looking is still free


# ---------------------------------------------------------------- the page of a visit
@pytest.fixture
def visit(shop: Shop) -> Booking:
    with shop.salon.work():
        return shop.book(shop.at(shop.monday(), "12:00"), addons=[shop.wax])


def state(shop: Shop, booking: Booking) -> Booking:
    with shop.salon.work():
        return Booking.objects.select_related("staff").get(pk=booking.pk)


def path_of(booking: Booking) -> str:
    return f"/v/{booking.public_token}/"


def test_the_link_shows_the_visit_and_no_phone_of_the_client(
    shop: Shop, visit: Booking, client: Client
) -> None:
    assert links.manage_url(visit).endswith(path_of(visit))
    page = texts(client.get(path_of(visit)))
    assert "Мужская стрижка" in page
    assert "Паша" in page
    assert "UTC+6" in page
    assert "9131234567" not in page.replace(" ", "").replace("-", "")


def test_a_guessed_link_is_404(shop: Shop, visit: Booking, client: Client) -> None:
    for token in ("A" * 32, visit.public_token[:-1] + "!", visit.public_token[:20]):
        for rest in ("", "move/", "visit.ics"):
            assert client.get(f"/v/{token}/{rest}").status_code == 404
        assert client.post(f"/v/{token}/cancel/").status_code == 404


def test_the_client_confirms(shop: Shop, visit: Booking, client: Client) -> None:
    for _ in range(2):
        assert client.post(path_of(visit) + "confirm/").status_code == 302
    assert state(shop, visit).client_confirmed_at is not None
    assert "confirm/" not in texts(client.get(path_of(visit)))


def test_the_client_cancels_and_the_time_is_free(shop: Shop, visit: Booking, client: Client) -> None:
    assert (
        client.get(path_of(visit) + "cancel/").status_code == 405
    )  # a robot that follows links cancels nothing
    for _ in range(2):
        assert client.post(path_of(visit) + "cancel/").status_code == 302
    assert state(shop, visit).status == "cancelled"
    page = texts(client.get(path_of(visit)))
    assert "/b/omsk/" in page
    assert "cancel/" not in page
    assert client.post(path_of(visit) + "confirm/").status_code == 409
    assert client.get(path_of(visit) + "move/").status_code == 302
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "12:00"))


def test_the_client_moves(shop: Shop, visit: Booking, client: Client) -> None:
    page = texts(client.get(path_of(visit) + f"move/?from={shop.monday()}"))
    offered = re.findall(r'<button class="mz-slot" name="at" value="([^"]+)"', page)
    assert offered
    assert client.post(path_of(visit) + "move/", {"at": offered[5]}).status_code == 302
    moved = state(shop, visit)
    assert moved.starts_at == dt.datetime.fromisoformat(offered[5])
    assert moved.staff == shop.pasha
    for odd in ("", "soon", "9999-12-31T23:59:59-12:00"):
        assert client.post(path_of(visit) + "move/", {"at": odd}).status_code in (200, 409)
    assert state(shop, visit).starts_at == moved.starts_at


def test_a_move_to_a_time_gone_meanwhile_offers_three(shop: Shop, visit: Booking, client: Client) -> None:
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "16:00"), contact=None)
    answer = client.post(path_of(visit) + "move/", {"at": shop.at(shop.monday(), "16:00").isoformat()})
    assert answer.status_code == 409
    assert len(answer.context["near"]) == 3
    assert state(shop, visit).starts_at == shop.at(shop.monday(), "12:00")


def test_what_has_begun_is_the_salons(shop: Shop, client: Client) -> None:
    now = shop.salon.now()
    with shop.salon.work():
        begun = Booking.objects.create(
            staff=shop.pasha,
            starts_at=now - dt.timedelta(minutes=10),
            ends_at=now + dt.timedelta(minutes=20),
            during=(now - dt.timedelta(minutes=10), now + dt.timedelta(minutes=20)),
            local_day=now.date(),
            total=0,
            public_token="b" * 32,
            created_at=now,
        )
    assert client.post(path_of(begun) + "cancel/").status_code == 409
    assert state(shop, begun).status == "confirmed"


def test_the_calendar_file(shop: Shop, visit: Booking, client: Client) -> None:
    with shop.salon.work():
        shop.salon.tenant.address = "Омск, ул. Ленина, 10; вход со двора\nзвонок"
        shop.salon.tenant.save()
    answer = client.get(path_of(visit) + "visit.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    lines = answer.content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert lines[-1] == b""
    unfolded = answer.content.replace(b"\r\n ", b"").decode().split("\r\n")
    facts = dict(line.split(":", 1) for line in unfolded if ":" in line)
    assert facts["DTSTART"] == shop.at(shop.monday(), "12:00").astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    assert facts["LOCATION"] == "Омск\\, ул. Ленина\\, 10\\; вход со двора\\nзвонок"
    assert facts["STATUS"] == "CONFIRMED"
    with shop.salon.work():
        lifecycle.cancel(visit, now=shop.salon.now(), by="salon")
    again = client.get(path_of(visit) + "visit.ics").content.decode()
    assert "STATUS:CANCELLED" in again
    assert int(re.search(r"SEQUENCE:(\d+)", again)[1]) > int(facts["SEQUENCE"])
