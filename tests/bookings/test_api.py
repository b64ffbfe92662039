"""The API's catalogue, free times and visits, with good input and bad."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bookings.models import Booking, Service, Staff
from conversations.models import Contact
from leads import pipeline
from tests.bookings.conftest import HOURS, Shop
from tests.conftest import Api, Role, token_of


def wish(shop: Shop, clock: str = "12:00", **more: Any) -> dict[str, Any]:
    return {
        "name": "Анна",
        "phone": "8 (913) 123-45-67",
        "services": [shop.cut.pk],
        "staff": shop.pasha.pk,
        "starts_at": shop.at(shop.monday(), clock).isoformat(),
    } | more


# ---------------------------------------------------------------- the catalogue
def test_services_look_as_in_the_file(shop: Shop, api: Api) -> None:
    found = {row["external_id"]: row for row in api.get("services/").json()["results"]}
    assert found["cut"] == {
        "id": shop.cut.pk,
        "external_id": "cut",
        "name": "Мужская стрижка",
        "category": "Стрижки",
        "minutes": 45,
        "buffer_minutes": 15,
        "price": "1500.00",
        "cost": "120.00",
        "staff": sorted([shop.pasha.pk, shop.gleb.pk]),
        "synonyms": ["подстричься"],
        "addons": [shop.wax.pk],
        "active": True,
    }


def test_masters_and_addons_look_as_in_the_file(shop: Shop, api: Api) -> None:
    pasha = next(row for row in api.get("staff/").json()["results"] if row["external_id"] == "pasha")
    assert pasha["hours"]["mon"] == HOURS
    assert "sun" not in pasha["hours"]
    assert pasha["days_off"] == []
    wax = api.get(f"addons/{shop.wax.pk}/").json()
    assert (wax["price"], wax["minutes"], wax["script"]) == ("400.00", 15, "Добавим воск?")


def test_a_manager_makes_and_changes_services_and_masters(shop: Shop, api: Api) -> None:
    made = api.post(
        "staff/",
        {
            "name": "Вика",
            "hours": {"sun": ["12:00", "18:00"]},
            "days_off": [{"first_day": "2027-01-01", "last_day": "2027-01-08", "note": "праздники"}],
        },
    )
    assert made.status_code == 201, made.json()
    vika = made.json()["id"]
    assert made.json()["days_off"][0]["last_day"] == "2027-01-08"
    made = api.post(
        "services/",
        {"name": "Маникюр", "minutes": 60, "price": "2000.00", "staff": [vika], "addons": [shop.wax.pk]},
    )
    assert made.status_code == 201, made.json()
    assert (made.json()["staff"], made.json()["addons"]) == ([vika], [shop.wax.pk])
    changed = api.patch(f"services/{made.json()['id']}/", {"price": "2200", "staff": []})
    assert (changed.json()["price"], changed.json()["staff"], changed.json()["addons"]) == (
        "2200.00",
        [],
        [shop.wax.pk],
    )
    changed = api.patch(f"staff/{vika}/", {"hours": {}})
    assert (changed.json()["hours"], len(changed.json()["days_off"])) == ({}, 1)


BAD_ROWS: list[Any] = [
    ("services/", {"name": "X", "minutes": 0, "price": "1"}, "minutes"),
    ("services/", {"name": "X", "minutes": 10, "price": "-1"}, "price"),
    ("services/", {"name": "X", "minutes": 10, "price": "1.005"}, "price"),
    ("services/", {"name": "X", "minutes": 10, "price": "1", "staff": [10**18]}, "staff"),
    ("services/", {"name": "X", "minutes": 10, "price": "1", "external_id": "cut"}, "external_id"),
    ("services/", {"name": "a\x00b", "minutes": 10, "price": "1"}, "name"),
    ("staff/", {"name": "X", "hours": {"mon": ["20:00"]}}, "hours"),
    ("staff/", {"name": "X", "hours": [1]}, "hours"),
    (
        "staff/",
        {"name": "X", "days_off": [{"first_day": "2026-02-30", "last_day": "2026-03-01"}]},
        "days_off",
    ),
    (
        "staff/",
        {"name": "X", "days_off": [{"first_day": "2026-03-02", "last_day": "2026-03-01"}]},
        "days_off",
    ),
    ("addons/", {"name": "X"}, "price"),
]


def test_a_bad_row_is_refused_by_field(shop: Shop, api: Api) -> None:
    for path, body, field in BAD_ROWS:
        answer = api.post(path, body)
        assert (answer.status_code, set(answer.json()["fields"])) == (400, {field}), body


def test_a_master_reads_and_does_not_write(shop: Shop) -> None:
    api = Api(token_of(shop.salon, Role.MASTER))
    assert api.get("services/").status_code == 200
    assert api.post("services/", {"name": "X", "minutes": 5, "price": "1"}).status_code == 403
    assert api.post("bookings/", wish(shop)).status_code == 403


# ---------------------------------------------------------------- free times
def test_slots_are_offered_and_each_can_be_booked(shop: Shop, api: Api) -> None:
    day = shop.monday()
    url = f"slots/?services={shop.cut.pk},{shop.beard.pk}&addons={shop.wax.pk}&from={day}&to={day}"
    found = api.get(url).json()["slots"]
    assert found[0] == {
        "starts_at": shop.at(day, "10:00").isoformat(),
        "ends_at": shop.at(day, "11:30").isoformat(),
        "staff": shop.pasha.pk,
    }
    assert {slot["staff"] for slot in found} == {shop.pasha.pk}
    body = wish(
        shop, starts_at=found[-1]["starts_at"], services=[shop.cut.pk, shop.beard.pk], addons=[shop.wax.pk]
    )
    made = api.post("bookings/", body)
    assert made.status_code == 201
    assert made.json()["starts_at"] == found[-1]["starts_at"]
    assert found[-1] not in api.get(url).json()["slots"]


def test_slots_without_days_are_the_coming_week(shop: Shop, api: Api) -> None:
    found = api.get(f"slots/?services={shop.cut.pk}&staff={shop.gleb.pk}").json()["slots"]
    assert found
    assert {slot["staff"] for slot in found} == {shop.gleb.pk}
    assert dt.datetime.fromisoformat(found[-1]["starts_at"]) < shop.salon.now() + dt.timedelta(days=8)


BAD_QUESTIONS: list[Any] = [
    ("", 400, "services"),
    ("services=", 400, "services"),
    ("services=abc", 400, "services"),
    ("services={cut}&from=2026-13-01", 400, "from"),
    ("services={cut}&from=2026-12-10&to=2026-12-01", 400, "to"),
    ("services={cut}&from=2026-12-01&to=2027-12-01", 400, "to"),
    ("services={cut}&from=0001-01-01&to=9999-12-31", 400, "to"),
    ("services={cut}&staff=x", 400, "staff"),
    ("services=99999999", 404, None),
    ("services=" + "9" * 5000, 400, "services"),
    ("services={cut}&staff=99999999999999999999", 404, None),
]


def test_bad_questions_about_slots(shop: Shop, api: Api) -> None:
    for query, status, field in BAD_QUESTIONS:
        answer = api.get("slots/?" + query.format(cut=shop.cut.pk))
        assert answer.status_code == status, query
        assert field is None or field in answer.json()["fields"], query


def test_past_and_far_days_have_no_slots(shop: Shop, api: Api) -> None:
    for days in (
        "from=2001-01-01&to=2001-01-05",
        "from=0001-01-01&to=0001-01-05",
        "from=9999-12-27&to=9999-12-31",
    ):
        assert api.get(f"slots/?services={shop.cut.pk}&{days}").json() == {"slots": []}


# ---------------------------------------------------------------- visits
def test_a_visit_is_booked_by_name_and_phone(shop: Shop, api: Api) -> None:
    made = api.post("bookings/", wish(shop, addons=[shop.wax.pk], note="у окна"))
    assert made.status_code == 201, made.json()
    told = made.json()
    with shop.salon.work():
        anna = Contact.objects.get(phone="+79131234567")
        booking = Booking.objects.get()
    assert told["id"] == booking.pk
    assert (told["contact"], told["attendee"], told["staff"]) == (anna.pk, None, shop.pasha.pk)
    assert told["items"] == [
        {"service": shop.cut.pk, "addon": None, "name": "Мужская стрижка", "minutes": 45, "price": "1500.00"},
        {"service": None, "addon": shop.wax.pk, "name": "Воск", "minutes": 15, "price": "400.00"},
    ]
    assert (told["total"], told["paid"], told["status"]) == ("1900.00", "0.00", "confirmed")
    assert told["starts_at"] == shop.at(shop.monday(), "12:00").isoformat()
    assert told["ends_at"] == shop.at(shop.monday(), "13:00").isoformat()
    assert api.get(f"bookings/{booking.pk}/").json() == told


def test_a_known_contact_an_attendee_and_any_minute(shop: Shop, api: Api) -> None:
    with shop.salon.work():
        mother, child = shop.anna(), Contact.objects.create(name="Петя")
        lead = pipeline.open_lead(contact=mother, now=shop.salon.now(), channel_kind="avito")
    body = wish(shop, clock="12:07", contact=mother.pk, attendee=child.pk, staff=None)
    del body["name"], body["phone"]
    told = api.post("bookings/", body).json()
    assert (told["contact"], told["attendee"], told["lead"]) == (mother.pk, child.pk, lead.pk)
    assert told["source"] == "avito"
    assert told["staff"] in (shop.pasha.pk, shop.gleb.pk)
    assert api.get(f"leads/{lead.pk}/").json()["status"] == "booked"


def test_a_time_without_an_offset_is_the_salons_own(shop: Shop, api: Api) -> None:
    told = api.post("bookings/", wish(shop, starts_at=f"{shop.monday()}T12:00")).json()
    assert told["starts_at"] == shop.at(shop.monday(), "12:00").isoformat()


def test_a_taken_time_is_409_with_three_free_ones(shop: Shop, api: Api) -> None:
    assert api.post("bookings/", wish(shop)).status_code == 201
    refused = api.post("bookings/", wish(shop, clock="12:30", phone="+79990000000"))
    assert refused.status_code == 409
    told = refused.json()
    assert told["code"] == "slot_taken"
    assert told["message"]
    assert len(told["alternatives"]) == 3
    with shop.salon.work():  # the client who came second is not left half-written
        assert not Contact.objects.filter(phone="+79990000000").exists()
    for start in told["alternatives"]:
        assert api.post("bookings/", wish(shop, starts_at=start)).status_code in (201, 409)
    assert api.post("bookings/", wish(shop, starts_at=told["alternatives"][0])).status_code == 409


def test_the_steps_of_a_visit(shop: Shop, api: Api) -> None:
    ids = [
        api.post("bookings/", wish(shop, clock=clock)).json()["id"] for clock in ("10:00", "11:00", "12:00")
    ]
    moved = api.post(
        f"bookings/{ids[0]}/move/",
        {"starts_at": shop.at(shop.monday(), "18:10").isoformat(), "staff": shop.gleb.pk},
    )
    assert moved.status_code == 200
    assert (moved.json()["starts_at"], moved.json()["staff"]) == (
        shop.at(shop.monday(), "18:10").isoformat(),
        shop.gleb.pk,
    )
    assert api.post(f"bookings/{ids[0]}/arrive/").json()["status"] == "arrived"
    assert api.post(f"bookings/{ids[0]}/complete/").json()["status"] == "completed"
    assert api.post(f"bookings/{ids[1]}/no_show/").json()["status"] == "no_show"
    assert api.post(f"bookings/{ids[1]}/reopen/").json()["status"] == "confirmed"
    assert (
        api.post(f"bookings/{ids[2]}/cancel/", {"by": "client", "reason": "заболела"}).json()["status"]
        == "cancelled"
    )
    refused = api.post(f"bookings/{ids[2]}/complete/")
    assert (refused.status_code, refused.json()["code"]) == (409, "bad_transition")
    refused = api.post(
        f"bookings/{ids[1]}/move/",
        {"starts_at": shop.at(shop.monday(), "18:00").isoformat(), "staff": shop.gleb.pk},
    )
    assert (refused.status_code, len(refused.json()["alternatives"])) == (409, 3)


def test_lists_are_narrowed(shop: Shop, api: Api) -> None:
    monday, tuesday = shop.monday(), shop.monday() + dt.timedelta(days=1)
    first = api.post("bookings/", wish(shop)).json()
    second = api.post(
        "bookings/", wish(shop, starts_at=f"{tuesday}T12:00", staff=shop.gleb.pk, phone="+79990000001")
    ).json()
    api.post(f"bookings/{second['id']}/cancel/")

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"bookings/?{query}").json()["results"]]

    assert ids("") == [second["id"], first["id"]]
    assert ids(f"contact={first['contact']}") == [first["id"]]
    assert ids(f"staff={shop.gleb.pk}") == [second["id"]]
    assert ids("status=cancelled") == [second["id"]]
    assert ids("status=confirmed,cancelled") == [second["id"], first["id"]]
    assert ids(f"from={tuesday}") == [second["id"]]
    assert ids(f"from={monday}&to={monday}") == [first["id"]]
    assert api.get("bookings/?contact=x").status_code == 400
    assert api.get("bookings/?from=yesterday").status_code == 400


BAD_WISHES: list[Any] = [
    ({"phone": "позвоните мне"}, "phone"),
    ({"phone": "+7913"}, "phone"),
    ({"phone": "9" * 5000}, "phone"),
    ({"phone": "", "name": "Анна"}, "contact"),
    ({"starts_at": "2020-01-01T10:00:00+06:00"}, "starts_at"),
    ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
    ({"starts_at": "завтра в пять"}, "starts_at"),
    ({"starts_at": 10**400}, "starts_at"),
    ({"starts_at": None}, "starts_at"),
    ({"services": []}, "services"),
    ({"services": "cut"}, "services"),
    ({"services": [10**4000]}, "services"),
    ({"services": [None]}, "services"),
    ({"addons": [True, "x"]}, "addons"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"note": "x" * 3000}, "note"),
]


def test_bad_wishes_are_refused_by_field_and_write_nothing(shop: Shop, api: Api) -> None:
    for change, field in BAD_WISHES:
        answer = api.post("bookings/", wish(shop, **change))
        assert answer.status_code == 400, (change, answer.content)
        assert (answer.json()["code"], set(answer.json()["fields"])) == ("invalid", {field}), change
    with shop.salon.work():
        assert not Booking.objects.exists()
        assert not Contact.objects.exists()


def test_a_time_outside_working_hours_is_said_at_its_field(shop: Shop, api: Api) -> None:
    answer = api.post("bookings/", wish(shop, clock="14:30"))
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"starts_at"}


def test_a_master_who_does_not_do_it_is_said_at_its_field(shop: Shop, api: Api) -> None:
    answer = api.post("bookings/", wish(shop, services=[shop.beard.pk], staff=shop.gleb.pk))
    assert answer.status_code == 400
    assert "Глеб" in answer.json()["fields"]["staff"][0]


def test_a_body_that_is_no_object_is_400(shop: Shop, api: Api) -> None:
    long_number = b'{"services":[' + b"9" * 5000 + b"]}"
    for body in (b"{", b"", b"\xff", b"9" * 5000, b"[]", b'"x"', b"null", long_number, b"[" * 100_000):
        answer = api._client.post(
            "/api/v1/bookings/",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {api.token}"},
        )
        assert answer.status_code == 400, body[:20]


def test_strangers_ids_are_404_before_the_body_is_read(
    shop: Shop, boris_shop: Shop, api: Api, boris_api: Api
) -> None:
    mine = api.post("bookings/", wish(shop)).json()["id"]
    for verb in ("move", "cancel", "arrive", "complete", "no_show", "reopen"):
        for pk in (mine, 99999999, 10**25, "x"):
            assert boris_api.post(f"bookings/{pk}/{verb}/", {"starts_at": "nonsense"}).status_code == 404
    for path in (
        f"bookings/{mine}/",
        f"services/{shop.cut.pk}/",
        f"staff/{shop.pasha.pk}/",
        f"addons/{shop.wax.pk}/",
    ):
        assert boris_api.get(path).status_code == 404
        assert boris_api.patch(path, {"name": "?"}).status_code in (404, 405)
    assert boris_api.get(f"slots/?services={shop.cut.pk}").status_code == 404
    with shop.salon.work():
        anna = shop.anna()
    for change in (
        {"services": [shop.cut.pk]},
        {"addons": [shop.wax.pk]},
        {"staff": shop.pasha.pk},
        {"contact": anna.pk},
        {"attendee": anna.pk},
    ):
        answer = boris_api.post("bookings/", wish(boris_shop, **change))
        assert (answer.status_code, set(answer.json()["fields"])) == (404, set(change))
    assert boris_api.get("bookings/").json()["results"] == []
    assert api.get(f"bookings/{mine}/").json()["status"] == "confirmed"


def test_a_repeated_post_with_a_key_books_once(shop: Shop, api: Api) -> None:
    first = api.post("bookings/", wish(shop), Idempotency_Key="k1")
    again = api.post("bookings/", wish(shop), Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    with shop.salon.work():
        assert Booking.objects.count() == 1


def test_without_a_token_nothing_is_told(shop: Shop) -> None:
    for path in ("services/", "addons/", "staff/", "slots/", "bookings/", "bookings/1/", "services/1/"):
        assert Api("").get(path).status_code == 401
    for verb in ("move", "cancel", "arrive", "complete", "no_show"):
        assert Api("wrong").post(f"bookings/1/{verb}/").status_code == 401


def test_a_service_of_a_coming_visit_may_leave_the_price_list(shop: Shop, api: Api) -> None:
    made = api.post("bookings/", wish(shop)).json()
    assert api.patch(f"services/{shop.cut.pk}/", {"active": False}).status_code == 200
    assert api.patch(f"staff/{shop.pasha.pk}/", {"hours": {}}).status_code == 200
    assert api.post("bookings/", wish(shop, clock="17:00")).status_code == 400
    assert api.get(f"bookings/{made['id']}/").json()["status"] == "confirmed"
    with shop.salon.work():
        assert Service.objects.count() == 2
        assert Staff.objects.count() == 2
