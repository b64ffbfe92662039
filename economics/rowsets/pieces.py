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
    tests: bool = True
    old: bool = True
    folded: bool = True
    events: bool = True

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

    A piece is computed once for the statement; an `inline` one is merged into the places that read it.
    """

    def register(text: Text) -> Text:
        if name in _PIECES:
            raise ValueError(f"two pieces are called {name}")
        _PIECES[name] = Piece(name, needs, text, inline)
        return text

    return register


def compose(scope: Scope, names: Iterable[str]) -> str:
    """The WITH clause that holds `names` and all they need, in an order that PostgreSQL accepts."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        if name in found:
            return
        one = _PIECES[name]
        text = one.text(scope).strip()
        for need in one.needs:
            # What is left out for this salon need not be there either.
            if re.search(rf"\b{need}\b", text):
                add(need)
        how = "NOT MATERIALIZED" if one.inline else "MATERIALIZED"
        found[name] = f"{name} AS {how} ({text})"

    for name in names:
        add(name)
    return "WITH RECURSIVE " + ",\n".join(found.values())


def parameters(question: Question) -> dict[str, Any]:
    """Values for the placeholders that pieces use."""
    terms = question.terms
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
        "lost_after": dt.timedelta(days=terms.lost_after_days),
        "recovered": dt.timedelta(days=terms.recovered_days),
        "window": dt.timedelta(days=terms.attribution_window_days),
        "late": dt.timedelta(hours=terms.late_cancel_hours),
        "repeat_days": terms.repeat_window_days,
        "vat": terms.vat_rate,
    }
