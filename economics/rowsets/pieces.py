"""How pieces of SQL are named, found and put together."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any

from economics.question import Question


@dataclasses.dataclass(frozen=True)
class Scope:
    """A question, and what its salon has at all: a join for what nobody has is left out."""

    question: Question
    merged: bool = True
    old: bool = True
    folded: bool = True
    events: bool = True
    # Leads whose person is not known.
    strangers: bool = True
    # Contacts that are tests, after merging: few, and looked up for every row.
    tests: tuple[int, ...] = ()
    # Must unbooked leads be told apart, or is booked or not all that is asked?
    states: bool = True

    @property
    def past(self) -> bool:
        """See `Question.past`."""
        return self.question.past


Text = Callable[[Scope], str]


@dataclasses.dataclass(frozen=True)
class Piece:
    """A common table expression: its text for a question, and the pieces its text reads."""

    name: str
    needs: tuple[str, ...]
    text: Text
    inline: bool


_PIECES: dict[str, Piece] = {}


def piece(name: str, *needs: str, inline: bool = False) -> Callable[[Text], Text]:
    """Registers a function that writes the SELECT of a piece.

    An `inline` piece is merged into every place that reads it: it only narrows or renames another one.
    """

    def register(text: Text) -> Text:
        if name in _PIECES:
            raise ValueError(f"two pieces are called {name}")
        _PIECES[name] = Piece(name, needs, text, inline)
        return text

    return register


def compose(scope: Scope, reading: str) -> str:
    """The WITH clause with all pieces that the statement `reading` them needs, in an order that PostgreSQL accepts.

    What is read once is merged into its reader, what is read more often is computed once. PostgreSQL would decide by
    the text alone and not see that an inline piece reads on for each place that it is merged into.
    """
    found: dict[str, str] = {}

    def add(text: str, among: Iterable[str]) -> None:
        for name in among:
            if name not in found and _reads(text, name):
                inside = _PIECES[name].text(scope).strip()
                add(inside, _PIECES[name].needs)
                found[name] = inside

    add(reading, _PIECES)
    times: dict[str, int] = {}
    for name in reversed(found):
        readers = sum(
            _reads(text, name) * (times[reader] if _PIECES[reader].inline else 1)
            for reader, text in found.items()
            if reader in times and reader != name
        )
        times[name] = readers + _reads(reading, name)
    return "WITH RECURSIVE " + ",\n".join(
        f"{name} AS {_how(_PIECES[name], text, times[name])}({text})" for name, text in found.items()
    )


def _reads(text: str, name: str) -> int:
    return len(re.findall(rf"\b(?:FROM|JOIN) {name}\b", text))


def _how(one: Piece, text: str, times: int) -> str:
    if _reads(text, one.name):
        return ""  # one that reads itself is always computed
    return "NOT MATERIALIZED " if one.inline or times == 1 else "MATERIALIZED "


def parameters(scope: Scope) -> dict[str, Any]:
    """Values for the placeholders that pieces use."""
    question, terms = scope.question, scope.question.terms
    return {
        "tenant": question.tenant.pk,
        "zone": question.tenant.timezone,
        "first": question.first,
        "last": question.last,
        "start": question.period.start,
        "end": question.period.end,
        "as_of": question.as_of,
        "today": question.today,
        "hour_rate": terms.manager_hour_rate,
        "target": dt.timedelta(seconds=terms.answer_target_s),
        "silent": question.as_of - dt.timedelta(days=terms.lost_after_days),
        "recovered": dt.timedelta(days=terms.recovered_days),
        "window": dt.timedelta(days=terms.attribution_window_days),
        "late": dt.timedelta(hours=terms.late_cancel_hours),
        "repeat_days": terms.repeat_window_days,
        "vat": terms.vat_rate,
        "tests": list(scope.tests),
    }
