"""Days and times in simple words: "tomorrow after lunch", "on Friday at 18:30", "25.11", "after six".

Words become marks over the vocabulary's tables, then a few patterns are looked for, each taking its words away. What
is not understood is left out, never guessed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from assistant.understanding import words
from assistant.understanding.vocabulary import Phrase, Vocabulary

# Said without a part of the day these are hours of the afternoon: nobody is shorn at three in the night.
AFTERNOON_UNTIL = 7
_FURTHEST = 366


@dataclasses.dataclass
class Wish:
    """When somebody would come. `starts` and `until` bound the time of day; equal ones are an exact time."""

    dates: list[dt.date] = dataclasses.field(default_factory=list)
    starts: dt.time | None = None
    until: dt.time | None = None

    def __bool__(self) -> bool:
        return bool(self.dates or self.starts or self.until)

    @property
    def exact(self) -> bool:
        """Whether one time was named."""
        return self.starts is not None and self.starts == self.until

    def to_json(self) -> dict[str, Any]:
        """For the memory of a dialogue."""
        return {
            "dates": [day.isoformat() for day in self.dates],
            "starts": self.starts.strftime("%H:%M") if self.starts else None,
            "until": self.until.strftime("%H:%M") if self.until else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wish:
        """Back from `to_json`."""
        return cls(
            [dt.date.fromisoformat(day) for day in data.get("dates") or []],
            dt.time.fromisoformat(data["starts"]) if data.get("starts") else None,
            dt.time.fromisoformat(data["until"]) if data.get("until") else None,
        )


@dataclasses.dataclass
class _Token:
    kind: str
    text: str
    lemma: str = ""


def read(text: str, *, today: dt.date, vocabulary: Vocabulary) -> Wish:
    """The days and times named in the text; `today` is the salon's local date."""
    return _Reader(text, today, vocabulary).wish()


class _Reader:
    def __init__(self, text: str, today: dt.date, vocabulary: Vocabulary) -> None:
        self.today, self.vocabulary = today, vocabulary
        bare = vocabulary.no_time.sub(" ", words.folded(text))
        self.tokens = [_token(found) for found in vocabulary.token.finditer(bare)]
        for entry in vocabulary.intents.get("greet", ()):  # "good evening" names no time
            if len(entry) > 1:
                self._take(entry)

    # ------------------------------------------------------------ helpers over the tokens
    def _find(self, entry: Phrase, start: int = 0) -> int | None:
        spoken = [token.lemma for token in self.tokens]
        for at in range(start, len(spoken) - len(entry) + 1):
            if entry and tuple(spoken[at : at + len(entry)]) == entry:
                return at
        return None

    def _take(self, entry: Phrase) -> bool:
        at = self._find(entry)
        if at is None:
            return False
        self._drop(at, len(entry))
        return True

    def _drop(self, at: int, size: int = 1) -> None:
        for place in range(at, at + size):
            self.tokens[place] = _Token("taken", "")

    def _is(self, at: int, mark: str) -> bool:
        if not 0 <= at < len(self.tokens):
            return False
        return (self.tokens[at].lemma,) in self.vocabulary.marks.get(mark, ())

    def _number(self, at: int) -> int | None:
        if not 0 <= at < len(self.tokens):
            return None
        token = self.tokens[at]
        if token.kind == "number" and len(token.text) <= 2:
            return int(token.text)
        return self.vocabulary.numbers.get(token.lemma) if token.kind == "word" else None

    def _each(self, kind: str) -> Iterator[int]:
        return (at for at, token in enumerate(self.tokens) if token.kind == kind)

    # ------------------------------------------------------------ the whole
    def wish(self) -> Wish:
        """Dates first, so that their numbers are not taken for hours."""
        dates = [
            *self._days_ahead(),
            *self._relative(),
            *self._numeric(),
            *self._named_months(),
            *self._weekdays(),
        ]
        starts, until = self._clock()
        if starts is None and until is None:
            starts, until = self._part()
        near = [day for day in dates if 0 <= (day - self.today).days <= _FURTHEST]
        return Wish(sorted(set(near)), starts, until)

    # ------------------------------------------------------------ days
    def _relative(self) -> Iterator[dt.date]:
        for entry, offset in sorted(self.vocabulary.days.items(), key=lambda item: -len(item[0])):
            if self._take(entry):
                yield self.today + dt.timedelta(days=offset)

    def _days_ahead(self) -> Iterator[dt.date]:
        for at in range(len(self.tokens)):
            if not self._is(at, "in"):
                continue
            count = self._number(at + 1)
            unit = at + 2 if count is not None else at + 1
            days = 7 if self._is(unit, "week") else 1 if self._is(unit, "day") else 0
            if days:
                self._drop(at, unit - at + 1)
                yield self.today + dt.timedelta(days=days * (1 if count is None else count))

    def _numeric(self) -> Iterator[dt.date]:
        for at in [*self._each("date"), *self._each("clock")]:
            token = self.tokens[at]
            parts = (
                [int(part) for part in re.split(r"[./]", token.text)]
                if ":" not in token.text and "-" not in token.text
                else []
            )
            if len(parts) < 2 or not (1 <= parts[0] <= 31 and 1 <= parts[1] <= 12):
                continue
            # "at 10.10" is a time, "on 10.12" a date.
            if token.kind == "clock" and self._is(at - 1, "at") and not self._is(at - 1, "on"):
                continue
            day = self._date(parts[0], parts[1], parts[2] if len(parts) > 2 else None)
            if day is not None:
                self._drop(at)
                yield day

    def _named_months(self) -> Iterator[dt.date]:
        for at in range(len(self.tokens)):
            month = (
                self.vocabulary.months.get(self.tokens[at].lemma) if self.tokens[at].kind == "word" else None
            )
            if month is None:
                continue
            for beside in (at - 1, at + 1):
                number = self._day_number(beside)
                day = self._date(number, month, None) if number else None
                if day is not None:
                    self._drop(at)
                    self._drop(beside)
                    yield day
                    break
        for at in [*self._each("day"), *self._each("number")]:
            number = self._day_number(at)
            if number and (self.tokens[at].kind == "day" or self._is(at + 1, "date")):
                self._drop(at)
                yield self._coming_day(number)

    def _day_number(self, at: int) -> int | None:
        if not 0 <= at < len(self.tokens) or self.tokens[at].kind not in ("number", "day"):
            return None
        digits = re.match(r"\d+", self.tokens[at].text)
        number = int(digits[0]) if digits and len(digits[0]) <= 2 else 0
        return number if 1 <= number <= 31 else None

    def _coming_day(self, number: int) -> dt.date:
        for ahead in range(62):
            day = self.today + dt.timedelta(days=ahead)
            if day.day == number:
                return day
        return self.today

    def _date(self, day: int, month: int, year: int | None) -> dt.date | None:
        if year is not None:
            year += 2000 if year < 100 else 0
        try:
            found = dt.date(year or self.today.year, month, day)
            if year is None and found < self.today:
                found = dt.date(self.today.year + 1, month, day)
        except ValueError:
            return None
        return found

    def _weekdays(self) -> Iterator[dt.date]:
        monday = self.today - dt.timedelta(days=self.today.weekday())
        for at in range(len(self.tokens)):
            if self._is(at, "weekend"):
                self._drop(at)
                saturday = monday + dt.timedelta(days=5)
                yield from (day for day in (saturday, saturday + dt.timedelta(days=1)) if day >= self.today)
                continue
            weekday = self._weekday(self.tokens[at])
            if weekday is None:
                continue
            if self._is(at - 1, "next"):
                self._drop(at - 1)
                yield monday + dt.timedelta(days=7 + weekday - 1)
            else:
                ahead = (weekday - self.today.isoweekday()) % 7
                yield self.today + dt.timedelta(days=ahead or 7)
            self._drop(at)

    def _weekday(self, token: _Token) -> int | None:
        if token.kind != "word":
            return None
        found = self.vocabulary.weekdays.get(token.lemma)
        if found is None and not words.known(token.text):
            found = next(
                (n for name, n in self.vocabulary.weekdays.items() if words.close(token.lemma, name)), None
            )
        return found

    # ------------------------------------------------------------ times
    def _clock(self) -> tuple[dt.time | None, dt.time | None]:
        starts = until = None
        at = 0
        while at < len(self.tokens):
            found = self._time_at(at)
            if found is None:
                at += 1
                continue
            begin, size, time = found
            mark = self._mark_before(begin)
            if mark == "after":
                starts = time
            elif mark == "until":
                until = time
            elif starts is None and until is None:
                starts = until = time
            at = begin + size
        if starts is not None and until is not None and until < starts and until.hour < 12:
            until = until.replace(hour=until.hour + 12)
        return starts, until

    def _time_at(self, at: int) -> tuple[int, int, dt.time] | None:
        """(first token, tokens, time) of a time that begins here."""
        token = self.tokens[at]
        if token.kind == "clock":
            hour, minute = (int(part) for part in re.split(r"[:.\-]", token.text))
            if hour > 23 or minute > 59 or (minute % 5 and ":" not in token.text):
                return None
            size = 1
        elif (
            self._is(at, "half")
            and at + 1 < len(self.tokens)
            and self.tokens[at + 1].lemma in self.vocabulary.ordinals
        ):
            hour, minute, size = self.vocabulary.ordinals[self.tokens[at + 1].lemma] - 1 or 12, 30, 2
        elif (half := self._glued_half(token)) is not None:
            hour, minute, size = half, 30, 1
        else:
            number = self._number(at)
            marked = self._mark_before(at) is not None or self._is(at - 1, "at")
            named = self._is(at + 1, "hour") or self._half(at + 1) is not None
            if number is None or number > 23 or not (marked or named):
                return None
            hour, minute, size = number, 0, 1
            if self._is(at + 1, "hour"):
                size += 1
            following = self._number(at + size)
            if (
                following is not None
                and following in (15, 30, 45)
                and self.tokens[at + size].kind == "number"
            ):
                minute, size = following, size + 1
        half_of_day = self._half(at + size)
        if half_of_day:
            size += half_of_day[1]
            if half_of_day[0] == "pm" and hour < 12:
                hour += 12
            elif half_of_day[0] == "am" and hour == 12:
                hour = 0
        elif 1 <= hour <= AFTERNOON_UNTIL and not (token.kind == "clock" and token.text.startswith("0")):
            hour += 12
        return at, size, dt.time(hour, minute)

    def _half(self, at: int) -> tuple[str, int] | None:
        for half, entries in self.vocabulary.halves.items():
            for entry in entries:
                if self._find(entry, at) == at:
                    return half, len(entry)
        return None

    def _glued_half(self, token: _Token) -> int | None:
        """ "half-past" written in one word with its ordinal."""
        for prefix, *rest in self.vocabulary.marks.get("half", ()):
            if rest or not token.text.startswith(prefix) or token.text == prefix:
                continue
            ordinal = self.vocabulary.ordinals.get(words.lemma(token.text[len(prefix) :].lstrip("-")))
            if ordinal:
                return ordinal - 1 or 12
        return None

    def _mark_before(self, at: int) -> str | None:
        for mark in ("after", "until"):
            for entry in self.vocabulary.marks[mark]:
                start = at - len(entry)
                if start >= 0 and self._find(entry, start) == start:
                    return mark
        return None

    def _part(self) -> tuple[dt.time | None, dt.time | None]:
        for entry, (begin, end) in self.vocabulary.parts:
            if self._take(entry):
                return _time(begin), _time(end)
        return None, None


def _token(found: re.Match[str]) -> _Token:
    kind = found.lastgroup or ""
    text = found[0]
    return _Token(kind, text, words.lemma(text) if kind == "word" else "")


def _time(text: str) -> dt.time | None:
    return dt.time.fromisoformat(text) if text else None
