"""Text from outside: storable, foldable, and split so that nothing is lost."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.protocols import channel
from kit import text

ANYTHING = st.text(alphabet=st.characters(codec=None), max_size=400)
SPEECH = st.lists(
    st.sampled_from(
        [
            "Добрый",
            "день.",
            "Запишу",
            "вас",
            "на",
            "10:30!",
            "\n",
            "\n\n",
            "😀",
            "👨‍👩‍👧",
            "www.example.com",
            "е\u0301",
        ]
    ),
    max_size=200,
).map(" ".join)


@given(ANYTHING)
def test_storable_text_can_be_stored(raw):
    done = text.storable(raw)
    done.encode("utf-8")
    assert "\x00" not in done
    assert text.storable(done) == done


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_good_text_is_left_alone(raw):
    assert text.storable(raw) == raw


@pytest.mark.parametrize(
    ("raw", "done"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("tab\tand\x07bell", "tab\tand\x07bell"),
        ("", ""),
    ],
)
def test_only_nul_and_lone_surrogates_are_replaced(raw, done):
    assert text.storable(raw) == done


def test_folding_forgives_case_and_yo():
    assert text.fold("Ёлка И ПЁТР") == "елка и петр"


@given(SPEECH, st.integers(4, 80))
def test_parts_fit_and_hold_everything(raw, limit):
    parts = text.split_text(raw, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(raw.split())


@given(ANYTHING, st.integers(4, 50), st.sampled_from(["chars", "utf16", "bytes"]))
def test_parts_fit_by_the_providers_own_count(raw, limit, unit):
    raw = text.storable(raw)
    capabilities = channel.Capabilities(max_text=limit, text_unit=unit)
    parts = channel.split(raw, capabilities)
    assert all(channel.text_length(part, unit) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(raw.split())


@pytest.mark.parametrize(
    ("raw", "limit", "parts"),
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("Да.", 10, ["Да."]),
        ("Первое предложение. Второе предложение.", 30, ["Первое предложение.", "Второе предложение."]),
        ("Абзац один.\n\nАбзац два, подлиннее.", 25, ["Абзац один.", "Абзац два, подлиннее."]),
        ("Стрижка стоит 10.30 рублей всего", 20, ["Стрижка стоит 10.30", "рублей всего"]),
        ("одно-слово-без-пробелов", 10, ["одно-слово", "-без-пробе", "лов"]),
        ("ровно десять", 12, ["ровно десять"]),
        ("ровно десять букв", 12, ["ровно десять", "букв"]),
        ("Он сказал: «Хорошо!» И ушёл домой спать.", 24, ["Он сказал: «Хорошо!»", "И ушёл домой спать."]),
    ],
)
def test_cuts_come_at_sentence_and_word_ends(raw, limit, parts):
    assert text.split_text(raw, limit) == parts


def test_an_emoji_of_several_signs_is_not_torn():
    family = "👨‍👩‍👧"
    for limit in range(6, 30):
        parts = text.split_text("абв" + family * 5, limit)
        assert all(not part.startswith("\u200d") and not part.endswith("\u200d") for part in parts)


def test_a_megabyte_is_split_soon():
    started = time.monotonic()
    parts = channel.split("слово " * 170_000, channel.Capabilities(max_text=4096, text_unit="utf16"))
    assert len(parts) == 250
    assert time.monotonic() - started < 3


def test_a_limit_too_small_is_refused():
    with pytest.raises(ValueError):
        text.split_text("a", 3)
