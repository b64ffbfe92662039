"""The day at the desk: who sees what, a visit made, opened, moved, marked and taken back."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest

from bookings import lifecycle
from bookings.models import Booking, BookingStatus, DayOff, Staff
from conversations.models import Contact
from tests.bookings.conftest import Shop
from tests.conftest import Person

HTMX = {"HX-Request": "true"}


def day_url(shop: Shop, **query: Any) -> str:
    asked = {"day": shop.monday().isoformat()} | query
    return "/calendar/?" + "&".join(f"{name}={value}" for name, value in asked.items())


def wish(shop: Shop, **more: Any) -> dict[str, Any]:
    return {
        "services": [shop.cut.pk],
        "day": shop.monday().isoformat(),
        "time": "12:00",
        "staff": shop.pasha.pk,
        "phone": "8 913 123-45-67",
        "name": "Анна",
    } | more


@pytest.fixture
def visit(shop: Shop) -> Booking:
    with shop.salon.work():
        return shop.book(shop.at(shop.monday(), "12:00"))


def test_everybody_is_sent_to_log_in_and_strangers_see_nothing(
    shop: Shop, visit: Booking, boris: Person, client: Any
) -> None:
    assert client.get("/calendar/").status_code == 302
    for path in (f"/calendar/{visit.pk}/", f"/calendar/{visit.pk}/move/"):
        assert client.get(path).status_code == 302
        assert boris.get(path).status_code == 404
    for verb in ("move", "move-back", "cancel", "arrive", "complete", "no-show", "reopen", "confirm"):
        assert boris.post(f"/calendar/{visit.pk}/{verb}/").status_code == 404
        assert boris.get(f"/calendar/{visit.pk}/{verb}/").status_code in (404, 405)
    assert "Анна" not in boris.get(day_url(shop)).content.decode()


def test_the_day_shows_masters_visits_and_free_places(shop: Shop, visit: Booking, masha: Person) -> None:
    page = masha.get(day_url(shop)).content.decode()
    assert "Паша" in page
    assert "Глеб" in page
    assert re.search(r'mz-visit [^"]*t-144 n-9"', page)  # 12:00, 45 minutes in rows of five
    assert f"/calendar/{visit.pk}/" in page
    places = re.findall(r"staff=(\d+)&(?:amp;)?time=(\d\d:\d\d)\"", page)
    assert (str(shop.gleb.pk), "12:00") in places
    assert (str(shop.pasha.pk), "12:00") not in places
    assert (str(shop.pasha.pk), "12:30") not in places
    assert (str(shop.pasha.pk), "13:00") in places
    assert (str(shop.pasha.pk), "14:30") not in places
    part = masha.get(day_url(shop, part="day")).content.decode()
    assert "<html" not in part
    assert f"/calendar/{visit.pk}/" in part


def test_a_day_off_says_so(shop: Shop, masha: Person) -> None:
    with shop.salon.work():
        DayOff.objects.create(staff=shop.gleb, first_day=shop.monday(), last_day=shop.monday())
    page = masha.get(day_url(shop)).content.decode()
    assert page.count("выходной") + page.count("day off") >= 1
    assert f"staff={shop.gleb.pk}&amp;time" not in page.replace("&time", "&amp;time")


def test_a_visit_over_midnight_is_seen_on_both_days(shop: Shop, masha: Person) -> None:
    with shop.salon.work():
        tuesday = shop.monday() + dt.timedelta(days=1)
        booking = Booking.objects.create(
            staff=shop.pasha,
            starts_at=shop.at(shop.monday(), "23:00"),
            ends_at=shop.at(tuesday, "01:00"),
            during=(shop.at(shop.monday(), "23:00"), shop.at(tuesday, "01:00")),
            local_day=shop.monday(),
            total=0,
            public_token="late",
            created_at=shop.salon.now(),
        )
    first, second = (
        masha.get(day_url(shop)).content.decode(),
        masha.get(day_url(shop, day=tuesday)).content.decode(),
    )
    assert re.search(r'mz-visit [^"]*t-276 n-12"', first)
    assert re.search(r'mz-visit [^"]*t-0 n-12"', second)
    assert f"/calendar/{booking.pk}/" in second


def test_a_master_sees_their_own_day_first_and_changes_only_their_own(
    shop: Shop, visit: Booking, pasha: Person
) -> None:
    with shop.salon.work():
        Staff.objects.filter(pk=shop.gleb.pk).update(user=pasha.user)
        glebs = shop.book(
            shop.at(shop.monday(), "15:00"), staff=shop.gleb, contact=Contact.objects.create(name="Игорь")
        )
    page = pasha.get(day_url(shop)).content.decode()
    assert f"/calendar/{glebs.pk}/" in page
    assert f"/calendar/{visit.pk}/" not in page
    assert f"/calendar/{visit.pk}/" in pasha.get(day_url(shop, staff="all")).content.decode()
    assert pasha.post(f"/calendar/{glebs.pk}/arrive/").status_code == 302
    assert pasha.post(f"/calendar/{visit.pk}/arrive/").status_code == 403
    assert pasha.get(f"/calendar/{visit.pk}/move/").status_code == 403
    assert pasha.post("/calendar/new/", wish(shop, staff=shop.gleb.pk)).status_code == 302
    assert (
        pasha.post("/calendar/new/", wish(shop, time="16:30")).status_code == 422
    )  # Pasha's column is not theirs
    assert pasha.get("/catalogue/").status_code == 403


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_an_odd_day_is_today(shop: Shop, masha: Person, day: str) -> None:
    answer = masha.get(day_url(shop, day=day))
    assert answer.status_code == 200
    assert answer.context["day"] == answer.context["today"]


def test_an_empty_salon_is_told_what_to_do(salon: Any, masha: Person, pasha: Person) -> None:
    assert "/catalogue/masters/" in masha.get("/calendar/").content.decode()
    assert "/catalogue/masters/" not in pasha.get("/calendar/").content.decode()
    assert pasha.get("/calendar/new/").status_code == 403


# ---------------------------------------------------------------- a new visit
def test_the_form_opens_as_page_and_as_dialog(shop: Shop, masha: Person) -> None:
    url = f"/calendar/new/?day={shop.monday()}&staff={shop.pasha.pk}&time=12:00&services={shop.cut.pk}"
    page, dialog = masha.get(url).content.decode(), masha.get(url, headers=HTMX).content.decode()
    assert "<html" in page
    assert "<html" not in dialog
    for text in (page, dialog):
        assert re.search(r'value="12:00" checked', text)
        assert "Воск" in text
    times = masha.get(url + "&part=times", headers=HTMX).content.decode()
    assert 'name="time"' in times
    assert 'name="phone"' not in times


def test_free_times_follow_the_choice(shop: Shop, visit: Booking, masha: Person) -> None:
    def times(*addons: int) -> set[str]:
        url = f"/calendar/new/?part=times&day={shop.monday()}&staff={shop.pasha.pk}&services={shop.cut.pk}"
        text = masha.get(url + "".join(f"&addons={pk}" for pk in addons), headers=HTMX).content.decode()
        return set(re.findall(r'name="time" value="(\d\d:\d\d)"', text))

    assert "11:00" in times()
    assert "11:00" not in times(shop.wax.pk)
    assert "12:00" not in times()
    nobody = f"/calendar/new/?part=times&day={shop.monday()}&staff={shop.gleb.pk}&services={shop.beard.pk}"
    assert 'name="time"' not in masha.get(nobody, headers=HTMX).content.decode()


def test_a_visit_is_made(shop: Shop, masha: Person) -> None:
    answer = masha.post(
        "/calendar/new/", wish(shop, addons=[shop.wax.pk], addons_offered="on", note="у окна"), headers=HTMX
    )
    assert answer.status_code == 204
    told = json.loads(answer.headers["HX-Trigger"])
    assert {"toast", "visits", "dialog:close"} <= told.keys()
    with shop.salon.work():
        booking = Booking.objects.get()
        assert (booking.contact.phone, booking.contact.name) == ("+79131234567", "Анна")
        assert (booking.staff, booking.total, booking.note) == (shop.pasha, 1900, "у окна")
        assert booking.starts_at == shop.at(shop.monday(), "12:00")
        assert booking.created_by == masha.user
        assert (booking.origin, booking.addons_offered) == ("desk", True)


def test_somebody_from_the_street_any_master_any_minute(shop: Shop, masha: Person) -> None:
    body = wish(shop, phone="", name="", staff="", other="12:07")
    assert masha.post("/calendar/new/", body).status_code == 302
    with shop.salon.work():
        booking = Booking.objects.get()
        assert (booking.contact, booking.origin) == (None, "walk_in")
        assert booking.starts_at == shop.at(shop.monday(), "12:07")


def test_a_visit_is_made_for_a_contact_known_already(shop: Shop, masha: Person) -> None:
    with shop.salon.work():
        anna = shop.anna()
    assert "Анна" in masha.get(f"/calendar/new/?contact={anna.pk}").content.decode()
    assert masha.post("/calendar/new/", wish(shop, contact=anna.pk, phone="", name="")).status_code == 302
    with shop.salon.work():
        assert Booking.objects.get().contact == anna


def test_a_taken_time_is_refused_with_three_to_press(shop: Shop, visit: Booking, masha: Person) -> None:
    answer = masha.post("/calendar/new/", wish(shop, phone="+79990000000"), headers=HTMX)
    assert answer.status_code == 409
    offered = re.findall(r'name="alt" value="([^"]+)"', answer.content.decode())
    assert len(offered) == 3
    with shop.salon.work():
        assert not Contact.objects.filter(phone="+79990000000").exists()
    answer = masha.post("/calendar/new/", wish(shop, phone="+79990000000", alt=offered[0]), headers=HTMX)
    assert answer.status_code == 204
    with shop.salon.work():
        assert Booking.objects.latest("id").starts_at == dt.datetime.fromisoformat(offered[0])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"services": []}, "services"),
        ({"services": ["999999"]}, "services"),
        ({"day": "soon"}, "day"),
        ({"time": "", "other": ""}, "time"),
        ({"time": "25:00"}, "time"),
        ({"phone": "позвоните"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"contact": "999999"}, "phone"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_form_that_cannot_be_meant_comes_back(shop: Shop, masha: Person, change: Any, field: str) -> None:
    answer = masha.post("/calendar/new/", wish(shop, **change), headers=HTMX)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    with shop.salon.work():
        assert not Booking.objects.exists()


# ---------------------------------------------------------------- a visit
def test_a_visit_opens_with_its_story(shop: Shop, visit: Booking, masha: Person) -> None:
    with shop.salon.work():
        lifecycle.move(visit, starts_at=shop.at(shop.monday(), "15:00"), now=shop.salon.now(), by="client")
    page = masha.get(f"/calendar/{visit.pk}/").content.decode()
    assert "<html" in page
    dialog = masha.get(f"/calendar/{visit.pk}/", headers=HTMX).content.decode()
    for text in (page, dialog):
        assert "Мужская стрижка" in text
        assert "+7 913 123-45-67" in text
        assert "12:00" in text
        assert "15:00" in text
        assert "/complete/" not in text  # it has not begun


def test_marks_are_made_and_taken_back(shop: Shop, visit: Booking, masha: Person) -> None:
    for step, status in (("arrive", "arrived"), ("complete", "completed")):
        answer = masha.post(f"/calendar/{visit.pk}/{step}/", headers=HTMX)
        assert answer.status_code == 200
        told = json.loads(answer.headers["HX-Trigger"])
        assert told["toast"]["undo"] == f"/calendar/{visit.pk}/reopen/"
        assert "visits" in told
        with shop.salon.work():
            assert Booking.objects.get(pk=visit.pk).status == status
    answer = masha.post(f"/calendar/{visit.pk}/reopen/", headers=HTMX)
    assert answer.status_code == 204
    with shop.salon.work():
        booking = Booking.objects.get(pk=visit.pk)
        assert booking.status == BookingStatus.ARRIVED
        assert booking.changes.latest("id").user == masha.user


def test_a_step_that_makes_no_sense_is_said_in_the_dialog(shop: Shop, visit: Booking, masha: Person) -> None:
    masha.post(f"/calendar/{visit.pk}/cancel/")
    answer = masha.post(f"/calendar/{visit.pk}/arrive/", headers=HTMX)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()


def test_a_visit_moves_and_back(shop: Shop, visit: Booking, masha: Person) -> None:
    tuesday = shop.monday() + dt.timedelta(days=1)
    form = masha.get(
        f"/calendar/{visit.pk}/move/?day={tuesday}&staff={shop.gleb.pk}&part=times", headers=HTMX
    )
    assert 'value="10:15"' in form.content.decode()
    moved = masha.post(
        f"/calendar/{visit.pk}/move/",
        {"day": tuesday.isoformat(), "staff": shop.gleb.pk, "time": "10:15"},
        headers=HTMX,
    )
    assert moved.status_code == 200
    with shop.salon.work():
        booking = Booking.objects.get(pk=visit.pk)
        assert (booking.staff, booking.starts_at) == (shop.gleb, shop.at(tuesday, "10:15"))
    undo = json.loads(moved.headers["HX-Trigger"])["toast"]["undo"]
    assert masha.post(undo, headers=HTMX).status_code == 204
    with shop.salon.work():
        booking = Booking.objects.get(pk=visit.pk)
        assert (booking.staff, booking.starts_at) == (shop.pasha, shop.at(shop.monday(), "12:00"))


def test_a_move_onto_another_visit_is_refused_with_three_to_press(
    shop: Shop, visit: Booking, masha: Person
) -> None:
    with shop.salon.work():
        shop.book(shop.at(shop.monday(), "15:00"), contact=None)
    body = {"day": shop.monday().isoformat(), "staff": shop.pasha.pk, "other": "15:10"}
    answer = masha.post(f"/calendar/{visit.pk}/move/", body, headers=HTMX)
    assert answer.status_code == 409
    offered = re.findall(r'name="alt" value="([^"]+)"', answer.content.decode())
    assert len(offered) == 3
    assert (
        masha.post(f"/calendar/{visit.pk}/move/", body | {"alt": offered[1]}, headers=HTMX).status_code == 200
    )
    assert (
        masha.post(f"/calendar/{visit.pk}/move/", {"day": "", "staff": "x"}, headers=HTMX).status_code == 422
    )
