"""The catalogue at the desk: services, add-ons, masters with hours and days off."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from bookings import hours
from bookings.models import Addon, DayOff, Service, Staff
from tests.bookings.conftest import Shop
from tests.conftest import Person, Salon

HTMX = {"HX-Request": "true"}


def week(**days: list[str]) -> dict[str, str]:
    return {f"{day}_{place}": time for day, times in days.items() for place, time in enumerate(times)}


@pytest.mark.parametrize("path", ["/catalogue/", "/catalogue/addons/", "/catalogue/masters/"])
def test_the_lists_show_what_is_there_and_what_to_do_when_nothing_is(
    salon: Salon,
    masha: Person,
    pasha: Person,
    boris: Person,
    client: Any,
    path: str,
    request: pytest.FixtureRequest,
) -> None:
    assert client.get(path).status_code == 302
    assert pasha.get(path).status_code == 403
    assert "mz-empty" in masha.get(path).content.decode()
    request.getfixturevalue("shop")
    page = masha.get(path).content.decode()
    assert "mz-empty" not in page
    assert any(name in page for name in ("Мужская стрижка", "Воск", "Паша"))
    assert "Паша" not in boris.get(path).content.decode()
    assert "<html" not in masha.get(path + "?part=list", headers=HTMX).content.decode()


def test_a_service_is_made_and_changed(shop: Shop, masha: Person) -> None:
    body = {
        "name": "Камуфляж седины",
        "minutes": 30,
        "price": "1100",
        "synonyms": "седина, тонировка, седина",
        "staff": [shop.gleb.pk],
        "addons": [shop.wax.pk],
    }
    assert masha.get("/catalogue/services/new/", headers=HTMX).status_code == 200
    answer = masha.post("/catalogue/services/new/", body, headers=HTMX)
    assert answer.status_code == 204, answer.content.decode()
    assert {"catalogue", "dialog:close"} <= json.loads(answer.headers["HX-Trigger"]).keys()
    with shop.salon.work():
        made = Service.objects.get(name="Камуфляж седины")
        assert (made.price, made.cost, made.buffer_minutes) == (Decimal(1100), 0, 0)
        assert made.synonyms == ["седина", "тонировка"]
        assert [link.staff_id for link in made.staff_links.all()] == [shop.gleb.pk]
        assert [link.addon_id for link in made.addon_links.all()] == [shop.wax.pk]
    page = masha.get(f"/catalogue/services/{made.pk}/").content.decode()
    assert "седина, тонировка" in page
    assert (
        masha.post(f"/catalogue/services/{made.pk}/", body | {"price": "1200", "staff": []}).status_code
        == 302
    )
    with shop.salon.work():
        made.refresh_from_db()
        assert made.price == 1200
        assert not made.staff_links.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 9999}, "minutes"),
        ({"price": "-1"}, "price"),
        ({"price": "1.005"}, "price"),
        ({"staff": ["999999"]}, "staff"),
    ],
)
def test_a_service_that_cannot_be_meant_comes_back(
    shop: Shop, masha: Person, change: Any, field: str
) -> None:
    answer = masha.post(
        "/catalogue/services/new/", {"name": "X", "minutes": 30, "price": "1"} | change, headers=HTMX
    )
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_an_addon_is_made(shop: Shop, masha: Person) -> None:
    answer = masha.post(
        "/catalogue/addons/new/", {"name": "Скраб", "price": "350", "script": "Хотите скраб?"}, headers=HTMX
    )
    assert answer.status_code == 204
    with shop.salon.work():
        assert Addon.objects.get(name="Скраб").minutes == 0


def test_what_leaves_the_list_comes_back(shop: Shop, masha: Person) -> None:
    for tab, row in (("services", shop.cut), ("addons", shop.wax), ("masters", shop.pasha)):
        answer = masha.post(f"/catalogue/{tab}/{row.pk}/retire/", headers=HTMX)
        undo = json.loads(answer.headers["HX-Trigger"])["toast"]["undo"]
        with shop.salon.work():
            row.refresh_from_db()
            assert not row.active
        masha.post(undo, headers=HTMX)
        with shop.salon.work():
            row.refresh_from_db()
            assert row.active


def test_a_master_is_made_with_hours_and_does_everything(shop: Shop, masha: Person) -> None:
    body = {"name": "Вика", "user": masha.user.pk} | week(
        mon=["10:00", "14:00", "15:00", "20:00"], tue=["", "", "12:00", "00:00"]
    )
    assert masha.post("/catalogue/masters/new/", body, headers=HTMX).status_code == 204
    with shop.salon.work():
        vika = Staff.objects.get(name="Вика")
        assert vika.user == masha.user
        assert vika.service_links.count() == 2
        assert hours.format_week(vika.hours.all()) == {
            "mon": ["10:00", "14:00", "15:00", "20:00"],
            "tue": ["12:00", "24:00"],
        }
    page = masha.get(f"/catalogue/masters/{vika.pk}/", headers=HTMX)
    rows = page.context["form"].week()
    assert [field.value() for field in rows[0]["fields"]] == ["10:00", "14:00", "15:00", "20:00"]
    assert [field.value() for field in rows[1]["fields"]] == ["12:00", "00:00", "", ""]


@pytest.mark.parametrize(
    "times",
    [
        {"mon": ["10:00", ""]},
        {"mon": ["10:00", "14:00", "13:00", "20:00"]},
        {"mon": ["99:99", "10:00"]},
        {"mon": ["10:00", "10:00"]},
    ],
)
def test_hours_that_cannot_be_meant_come_back(shop: Shop, masha: Person, times: Any) -> None:
    body = {"name": "Паша"} | week(**times)
    assert masha.post(f"/catalogue/masters/{shop.pasha.pk}/", body, headers=HTMX).status_code == 422
    with shop.salon.work():
        assert shop.pasha.hours.count() == 12


def test_a_stranger_cannot_sign_in_as_a_master(shop: Shop, masha: Person, boris: Person) -> None:
    body = {"name": "Паша", "user": boris.user.pk} | week(mon=["10:00", "14:00"])
    answer = masha.post(f"/catalogue/masters/{shop.pasha.pk}/", body, headers=HTMX)
    assert (answer.status_code, "user" in answer.context["form"].errors) == (422, True)


def test_days_off_are_added_and_taken_back(shop: Shop, masha: Person) -> None:
    first = shop.monday()
    url = f"/catalogue/masters/{shop.pasha.pk}/days-off/"
    answer = masha.post(
        url, {"first_day": first, "last_day": first + dt.timedelta(days=6), "note": "отпуск"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "отпуск" in answer.content.decode()
    assert (
        masha.post(
            url, {"first_day": first, "last_day": first - dt.timedelta(days=1)}, headers=HTMX
        ).status_code
        == 422
    )
    with shop.salon.work():
        off = DayOff.objects.get()
    assert masha.post(f"{url}{off.pk}/drop/", headers=HTMX).status_code == 200
    with shop.salon.work():
        assert not DayOff.objects.exists()


def test_strangers_find_nothing(shop: Shop, boris: Person) -> None:
    for tab, row in (("services", shop.cut), ("addons", shop.wax), ("masters", shop.pasha)):
        assert boris.get(f"/catalogue/{tab}/{row.pk}/").status_code == 404
        assert boris.post(f"/catalogue/{tab}/{row.pk}/", {"name": "?"}).status_code == 404
        assert boris.post(f"/catalogue/{tab}/{row.pk}/retire/").status_code == 404
    assert boris.get(f"/catalogue/masters/{shop.pasha.pk}/days-off/").status_code == 404
    with shop.salon.work():
        assert Staff.objects.get(pk=shop.pasha.pk).active
