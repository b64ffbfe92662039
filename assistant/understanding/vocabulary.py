"""The language data of `assistant/language/`, read once."""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from assistant.understanding import words

FOLDER = Path(__file__).resolve().parent.parent / "language"
DEFAULT = "ru"

Phrase = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """One language. Entries are lemmas; a phrase is several of them in order."""

    code: str
    intents: Mapping[str, frozenset[Phrase]]
    whole: Mapping[str, frozenset[str]]
    stop: frozenset[str]
    joining: frozenset[str]
    synonyms: Mapping[str, str]
    days: Mapping[Phrase, int]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]
    parts: tuple[tuple[Phrase, tuple[str, str]], ...]
    halves: Mapping[str, frozenset[Phrase]]
    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    marks: Mapping[str, frozenset[Phrase]]
    token: re.Pattern[str]
    no_time: re.Pattern[str]
    mine: tuple[Phrase, ...]
    phrases: Mapping[str, str]


@functools.cache
def load(code: str) -> Vocabulary:
    """The vocabulary of a language; the default one where there is none of it."""
    path = FOLDER / f"{code}.toml"
    if not path.is_file():
        return load(DEFAULT)
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    parts = [(phrase(entry), (bounds[0], bounds[1])) for entry, bounds in data["parts"].items()]
    return Vocabulary(
        code=code,
        intents={intent: frozenset(map(phrase, entries)) for intent, entries in data["intents"].items()},
        whole={intent: frozenset(map(words.folded, entries)) for intent, entries in data["whole"].items()},
        stop=frozenset(lemma for entry in data["stop"]["words"] for lemma in phrase(entry)),
        joining=frozenset(words.folded(entry) for entry in data["stop"]["joining"]),
        synonyms={
            words.lemma(words.folded(said)): words.lemma(words.folded(listed))
            for listed, ways in data["synonyms"].items()
            for said in ways
            if " " not in said
        },
        days={phrase(entry): offset for entry, offset in data["days"].items()},
        weekdays=_by_lemma(data["weekdays"]),
        months=_by_lemma(data["months"]),
        parts=tuple(sorted(parts, key=lambda part: -len(part[0]))),
        halves={half: frozenset(map(phrase, entries)) for half, entries in data["halves"].items()},
        numbers=_by_lemma(data["numbers"]),
        ordinals=_by_lemma(data["ordinals"]),
        marks={mark: frozenset(map(phrase, entries)) for mark, entries in data["marks"].items()},
        token=_token_pattern(data["numbers_as"]["days"]),
        no_time=_no_time_pattern(data["numbers_as"]["other"]),
        mine=tuple(phrase(entry) for entry in data["names"]["mine"]),
        phrases=data["phrases"],
    )


def languages() -> list[str]:
    """Codes of the languages the assistant speaks."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def phrase(entry: str) -> Phrase:
    """An entry as lemmas; a form marked by "=" stays as it is."""
    made: list[str] = []
    for part in entry.split(" "):
        made += ["=" + words.folded(part[1:])] if part.startswith("=") else words.lemmas(part)
    return tuple(made)


def _by_lemma(table: Mapping[str, int]) -> dict[str, int]:
    return {words.lemma(words.folded(word)): number for word, number in table.items()}


def _token_pattern(day_endings: Sequence[str]) -> re.Pattern[str]:
    """What a text is cut into for days and times; the name of the group that matched is the kind of the token."""
    endings = "|".join(map(re.escape, day_endings))
    return re.compile(
        r"(?P<clock>(?<![\d.])\d{1,2}[:.\-]\d{2}(?![\d.]))"
        r"|(?P<date>(?<!\d)\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?(?!\d))"
        rf"|(?P<day>\d{{1,2}}\s?-?\s?(?:{endings})\b)"
        r"|(?P<number>\d+)"
        r"|(?P<word>[^\W\d_]+(?:['.-][^\W\d_]+)*)"
    )


def _no_time_pattern(units: Sequence[str]) -> re.Pattern[str]:
    """Numbers that are no times: phones, sums, shares, ages, amounts."""
    endings = "|".join(
        re.escape(unit[:-1]) + r"\w*" if unit.endswith("*") else re.escape(unit) + r"\b" for unit in units
    )
    return re.compile(rf"\+?\d[\d\s()\-]{{8,}}\d|\d+\s?(?:[%$\u20bd\u20ac]|{endings})")
