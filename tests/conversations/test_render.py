"""One message, shaped by what its channel can show."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils import translation

from conversations import render
from integrations.protocols.channel import Capabilities

BOT = Capabilities(
    inline_buttons=True, url_buttons=True, contact_request=True, max_buttons=10, max_buttons_row=3
)
THREE = Capabilities(inline_buttons=True, max_buttons=3, max_buttons_row=3, max_button_label=20)
PLAIN = Capabilities()


def options(*labels: str) -> list[list[dict[str, Any]]]:
    return [[{"label": label, "value": f"v{n}"}] for n, label in enumerate(labels)]


def test_buttons_stay_buttons_where_there_are_any() -> None:
    assert render.shape("Когда?", options("10:00", "11:00"), BOT) == ("Когда?", options("10:00", "11:00"))


def test_wide_rows_are_broken() -> None:
    row = [[{"label": str(n), "value": str(n)} for n in range(5)]]
    assert [len(r) for r in render.shape("?", row, BOT)[1]] == [3, 2]


def test_without_buttons_the_options_are_numbered_lines() -> None:
    text, rows = render.shape("Когда?", options("10:00", "11:00"), PLAIN)
    assert text == "Когда?\n\n1. 10:00\n2. 11:00"
    assert [button["number"] for row in rows for button in row] == [1, 2]


def test_more_options_than_buttons_are_numbered_too() -> None:
    text, rows = render.shape("Что?", options("a", "b", "c", "d"), THREE)
    assert text.endswith("4. d")
    assert len(rows) == 4


def test_long_labels_are_cut_unless_they_became_the_same() -> None:
    cut = render.shape("?", options("Мужская стрижка и борода", "Детская"), THREE)[1]
    assert cut[0][0]["label"] == "Мужская стрижка и б…"
    same = render.shape("?", options("Мужская стрижка и борода", "Мужская стрижка и бритьё"), THREE)[1]
    assert [row[0]["label"] for row in same] == ["Мужская стрижка и борода", "Мужская стрижка и бритьё"]


def test_links_and_phone_requests_become_lines() -> None:
    rows = [
        [{"label": "Карта", "value": "https://ya.ru/m", "kind": "url"}],
        [{"label": "Телефон", "kind": "contact"}],
    ]
    with translation.override("en"):
        text, left = render.shape("Ждём", rows, PLAIN)
    assert text == "Ждём\n\nКарта: https://ya.ru/m\nWrite your phone number here."
    assert left == []
    assert render.shape("Ждём", rows, BOT) == ("Ждём", rows)


def test_a_value_too_long_for_the_channel_is_chosen_by_number() -> None:
    short = dataclasses.replace(BOT, max_button_value=1)
    assert render.shape("?", options("a"), short)[0] == "?\n\n1. a"


def test_what_was_given_is_not_changed() -> None:
    given = options("a", "b")
    render.shape("?", given, PLAIN)
    assert given == options("a", "b")
