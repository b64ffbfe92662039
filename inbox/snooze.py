"""Times that a thread is put off to, as people name them: in an hour, this evening, tomorrow, on Monday."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

MORNING, EVENING = dt.time(9, 0), dt.time(18, 0)


class Choice(NamedTuple):
    """One time to choose."""

    name: str
    label: str
    at: dt.datetime


def choices(now: dt.datetime, zone: dt.tzinfo) -> list[Choice]:
    """What is offered at this moment; an evening that has begun is not."""
    local = now.astimezone(zone)

    def on(days: int, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(local.date() + dt.timedelta(days=days), time, zone)

    monday = 7 - local.weekday()
    offered = [Choice("hour", _("In an hour"), now + dt.timedelta(hours=1))]
    if local.time() < dt.time(17, 0):
        offered.append(Choice("evening", _("This evening"), on(0, EVENING)))
    offered.append(Choice("tomorrow", _("Tomorrow morning"), on(1, MORNING)))
    if monday > 1:
        offered.append(Choice("monday", _("On Monday"), on(monday, MORNING)))
    return offered


def parse(value: str, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """A choice by its name, or a local time as a browser's field writes it; None for what is neither."""
    for choice in choices(now, zone):
        if choice.name == value:
            return choice.at
    try:
        typed = parse_datetime(value)
    except ValueError:
        return None
    if typed is None:
        return None
    return typed if typed.tzinfo else typed.replace(tzinfo=zone)
