"""Call forwarding of an ordinary mobile number: what the owner dials so that missed calls come to a number of ours.

The codes are those of every GSM network (3GPP TS 22.030: `**` registers, `##` erases, `*#` asks; 61 no answer, 67 busy,
62 out of reach, 21 always). What differs is what an operator wants before: a service to be switched on.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from kit import phones

Condition = Literal["no_answer", "busy", "unreachable", "always"]

CONDITIONS: Mapping[Condition, tuple[str, Any]] = {
    "no_answer": ("61", _("nobody answers")),
    "busy": ("67", _("the line is busy")),
    "unreachable": ("62", _("the phone is off or out of reach")),
    "always": ("21", _("always, without ringing")),
}
MISSED: tuple[Condition, ...] = ("no_answer", "busy", "unreachable")
"""The conditions under which a call would be missed."""
CANCEL_ALL = "##002#"
WAITS = (5, 10, 15, 20, 25, 30)
"""Seconds of ringing that networks know before "nobody answers"."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A mobile operator. `before` is what must be done first, `note` what to know; both lazy texts, "" for nothing."""

    key: str
    name: str
    before: Any = ""
    note: Any = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What to dial for one condition: to switch it on, off, and to ask how it stands."""

    condition: Condition
    when: Any
    on: str
    off: str
    ask: str


_PAID = _("A forwarded call is paid like an outgoing one by your tariff.")
OPERATORS: Mapping[str, Operator] = {
    operator.key: operator
    for operator in (
        Operator(
            key="mts",
            name="MTS",
            before=_("Switch the service “Call forwarding” on in the app My MTS, if a code is refused."),
            note=_PAID,
        ),
        Operator(
            key="beeline",
            name="Beeline",
            before=_("Switch the service “Call forwarding” on in the app of Beeline, if a code is refused."),
            note=_PAID,
        ),
        Operator(key="megafon", name="MegaFon", note=_PAID),
        Operator(key="t2", name="T2 (Tele2)", note=_PAID),
        Operator(
            key="yota",
            name="Yota",
            note=_("Codes are free; whether forwarded calls are part of the minutes depends on the tariff."),
        ),
    )
}


def codes(number: str, *, conditions: tuple[Condition, ...] = MISSED, seconds: int = 20) -> tuple[Code, ...]:
    """What to dial so that calls go to `number`, for each of `conditions`.

    `seconds` of ringing go before "nobody answers", rounded to what networks know (5 to 30). Raises ValueError for a
    number that is no phone.
    """
    target = phones.normalise(number)
    if target is None or not re.fullmatch(r"\+[1-9][0-9]{6,14}", target):
        raise ValueError("not a phone number")
    wait = min(WAITS, key=lambda known: (abs(known - seconds), known))
    return tuple(_code(condition, target, wait) for condition in conditions)


def cancel(condition: Condition | None = None) -> str:
    """What to dial to take a forwarding back, or all of them."""
    return f"##{CONDITIONS[condition][0]}#" if condition else CANCEL_ALL


def dial_link(code: str) -> str:
    """The address that makes a phone dial `code`: signs that mean something in an address are escaped."""
    return "tel:" + code.replace("#", "%23")


def _code(condition: Condition, target: str, wait: int) -> Code:
    service, when = CONDITIONS[condition]
    # The time stands behind the number, an empty field for the kind of service between them.
    timed = f"**{wait}" if condition == "no_answer" else ""
    return Code(
        condition=condition,
        when=when,
        on=f"**{service}*{target}{timed}#",
        off=cancel(condition),
        ask=f"*#{service}#",
    )
