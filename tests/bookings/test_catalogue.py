"""The price list as a file: twice is once, all or nothing, and an error says where."""

from __future__ import annotations

import copy
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings import catalogue, hours
from bookings.models import Addon, Service, ServiceStaff, Staff, WorkingHours
from tests.bookings.conftest import PRICE_LIST, Shop
from tests.conftest import Salon


def rows() -> list[Any]:
    """Everything the file makes, ids included."""
    return [
        list(model.objects.order_by("id").values())
        for model in (Staff, Service, Addon, ServiceStaff)
    ] + [sorted(WorkingHours.objects.values_list("staff", "weekday", "starts", "ends"))]  # fmt: skip


def test_the_same_file_twice_changes_nothing(salon: Salon) -> None:
    with salon.work():
        assert catalogue.import_catalogue(PRICE_LIST) == {"services": 2, "addons": 1, "staff": 2}
        before = rows()
        assert catalogue.import_catalogue(PRICE_LIST) == {"services": 2, "addons": 1, "staff": 2}
        assert rows() == before
        cut = Service.objects.get(external_id="cut")
        assert (cut.name, cut.minutes, cut.price, cut.cost) == (
            "Мужская стрижка",
            45,
            Decimal(1500),
            Decimal(120),
        )
        assert [link.addon.name for link in cut.addon_links.all()] == ["Воск"]


def test_a_later_file_updates_what_it_names_and_leaves_the_rest(shop: Shop) -> None:
    with shop.salon.work():
        catalogue.import_catalogue(
            {"services": [{"id": "cut", "name": "Стрижка", "minutes": 60, "price": 1700, "staff": ["gleb"]}]}
        )
        shop.cut.refresh_from_db()
        assert (shop.cut.minutes, shop.cut.price) == (60, 1700)
        assert [link.staff for link in shop.cut.staff_links.all()] == [shop.gleb]
        assert shop.cut.addon_links.count() == 1  # not named, not touched
        assert Service.objects.filter(external_id="beard").exists()


def test_what_goes_out_comes_in_again(shop: Shop, boris_shop: Shop) -> None:
    with shop.salon.work():
        out = catalogue.export_catalogue()
    assert out["staff"][0]["hours"]["mon"] == ["10:00", "14:00", "15:00", "20:00"]
    with boris_shop.salon.work():
        before = rows()
        catalogue.import_catalogue(json.loads(json.dumps(out)))
        assert rows() == before


def test_a_service_that_does_not_say_who_does_it_is_done_by_all(salon: Salon) -> None:
    data = copy.deepcopy(PRICE_LIST)
    del data["services"][1]["staff"]
    with salon.work():
        catalogue.import_catalogue(data)
        assert Service.objects.get(external_id="beard").staff_links.count() == 2


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("services", 0, "minutes"), 0, "services cut: minutes: "),
        (("services", 0, "minutes"), True, "services cut: minutes: "),
        (("services", 0, "minutes"), 10**4000, "services cut: minutes: "),
        (("services", 0, "price"), "1500.005", "services cut: price: "),
        (("services", 0, "price"), "NaN", "services cut: price: "),
        (("services", 0, "price"), -1, "services cut: price: "),
        (("services", 1, "price"), None, "services beard: price: "),
        (("services", 0, "cost"), "1e999999999", "services cut: cost: "),
        (("services", 0, "staff"), ["nobody"], "services cut: staff: "),
        (("services", 0, "addons"), "wax", "services cut: addons: "),
        (("services", 0, "synonyms"), [1], "services cut: synonyms: "),
        (("services", 1, "id"), "cut", "services cut: id: "),
        (("services", 1, "id"), None, "services #2: id: "),
        (("services", 1), "beard", "services #2: "),
        (("addons", 0, "minutes"), "15", "addons wax: minutes: "),
        (("addons", 0, "name"), "  ", "addons wax: name: "),
        (("staff", 0, "name"), "x" * 101, "staff pasha: name: "),
        (("staff", 0, "hours"), {"mon": ["10:00"]}, "staff pasha: hours: "),
        (("staff", 0, "hours"), {"monday": ["10:00", "12:00"]}, "staff pasha: hours: "),
        (("staff", 0, "hours"), {"mon": ["25:00", "26:00"]}, "staff pasha: hours: "),
        (("staff", 0, "hours"), {"mon": ["10:00", "14:00", "13:00", "15:00"]}, "staff pasha: hours: "),
        (
            ("staff", 0, "hours"),
            {"mon": ["22:00", "06:00"], "tue": ["05:00", "12:00"]},
            "staff pasha: hours: ",
        ),
        (("staff",), {"id": "pasha"}, "staff: "),
    ],
)
def test_an_error_names_list_id_and_field_and_nothing_is_taken(
    salon: Salon, path: Any, value: Any, told: str
) -> None:
    data = copy.deepcopy(PRICE_LIST)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with salon.work():
        with pytest.raises(catalogue.BadCatalogue) as refused:
            catalogue.import_catalogue(data)
        assert str(refused.value).startswith(told)
        assert not Service.objects.exists()
        assert not Staff.objects.exists()


def test_nul_and_lone_surrogates_are_kept_readable(salon: Salon) -> None:
    with salon.work():
        catalogue.import_catalogue({"addons": [{"id": "a\x00", "name": "Воск \ud800", "price": 1}]})
        assert Addon.objects.get().name == "Воск \ufffd"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"mon": ["10:00", "24:00"]}, {"mon": ["10:00", "24:00"]}),
        ({"mon": ["10:00", "00:00"]}, {"mon": ["10:00", "24:00"]}),
        ({"sun": ["22:00", "06:00"]}, {"mon": ["00:00", "06:00"], "sun": ["22:00", "24:00"]}),
        ({"mon": [["9:00", "13:00"], ["14:00", "18:00"]]}, {"mon": ["09:00", "13:00", "14:00", "18:00"]}),
        ({"mon": [], "tue": None}, {}),
    ],
)
def test_weekly_hours_are_written_one_way(written: Any, read: Any) -> None:
    assert hours.format_week(hours.parse_week(written)) == read


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("catalog", *words, stdout=out)
    return out.getvalue()


def test_the_command_prints_counts(salon: Salon, tmp_path: Path) -> None:
    file = tmp_path / "price.json"
    file.write_text(json.dumps(PRICE_LIST))
    for _ in range(2):
        assert json.loads(run("import", "omsk", str(file))) == {"services": 2, "addons": 1, "staff": 2}


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"\xff\xfe", b'{"services": [{}]}', b"[" * 200_000, b"9" * 5000]
)
def test_the_command_fails_with_a_message(salon: Salon, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "price.json"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"price\.json: ."):
        run("import", "omsk", str(file))
    with salon.work():
        assert not Service.objects.exists()


def test_the_command_knows_its_tenants(salon: Salon, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no tenant"):
        run("import", "perm", str(tmp_path / "price.json"))
    with pytest.raises(CommandError, match="No such file"):
        run("import", "omsk", str(tmp_path / "price.json"))
