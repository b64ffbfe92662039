"""`manage.py assistant parse`."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.assistant.stage import open_shop
from tests.conftest import Salon


def parse(*arguments: str) -> list[Any]:
    out = StringIO()
    call_command("assistant", "parse", "omsk", "--now", "2026-11-24T10:00", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_field_of_the_contract(salon: Salon) -> None:
    open_shop(salon)
    (found,) = parse(
        "Хочу на мужскую стрижку к Паше послезавтра после обеда, меня зовут Пётр, +7 913 123-45-67"
    )
    assert found == {
        "intent": "book",
        "intents": ["book"],
        "services": ["Мужская стрижка"],
        "staff": "Паша",
        "date": "2026-11-26",
        "dates": ["2026-11-26"],
        "time_from": "13:00",
        "time_to": None,
        "name": "Пётр",
        "phone": "+79131234567",
        "lang": "ru",
    }


def test_what_is_absent_is_null(salon: Salon) -> None:
    (found,) = parse("ну такое")
    assert found.pop("intents") == ["other"]
    assert found.pop("lang") == "ru"
    assert found.pop("intent") == "other"
    assert set(found.values()) == {None}


def test_a_file_is_answered_line_by_line(salon: Salon, tmp_path: Path) -> None:
    file = tmp_path / "said.jsonl"
    file.write_text('{"text": "да"}\n{"text": "завтра"}\n', encoding="utf-8")
    assert [line["intent"] for line in parse("--file", str(file))] == ["affirm", "other"]
    assert [line["date"] for line in parse("--file", str(file))] == [None, "2026-11-25"]


@pytest.mark.parametrize("arguments", [(), ("да", "--file", "x.jsonl"), ("--file", "/nowhere.jsonl")])
def test_wrong_usage_is_told(arguments: tuple[str, ...], salon: Salon) -> None:
    with pytest.raises(CommandError):
        parse(*arguments)


def test_a_moment_with_an_offset_is_read_in_the_salon_s_zone(salon: Salon) -> None:
    out = StringIO()
    # 19:30 in London is the next day in Omsk.
    call_command("assistant", "parse", "omsk", "--now", "2026-11-24T19:30+00:00", "завтра", stdout=out)
    assert json.loads(out.getvalue())["date"] == "2026-11-26"
