"""Words of the inbox: short times, waits, what a medium is."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext

from conversations import shown
from integrations import registry
from kit.templatetags import marzha

register = template.Library()

_SENTENCES = re.compile(r"(?<=[.!?]) ")


@register.filter
def short(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """A time for a narrow column: `15:30` today, `yesterday`, else the day."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localtime(now or timezone.now()).date()
    if local.date() == today:
        return marzha.clock(value)
    return (
        marzha.day(value, now)
        if (today - local.date()).days < 2
        else marzha.day(value, now).partition(", ")[2]
    )


@register.filter
def noted(hint: str) -> str:
    """What a channel says of a message: kept as English sentences of ours, read in the reader's language."""
    if not hint:
        return ""
    whole = gettext(hint)
    if whole != hint:
        return whole
    return " ".join(gettext(sentence) for sentence in _SENTENCES.split(hint) if sentence)


@register.filter
def waited(since: dt.datetime | None, now: dt.datetime) -> str:
    """How long somebody has been waiting, in two words at most: `5 min`, `3 h`, `2 d`."""
    if since is None:
        return ""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return gettext("%(count)d min") % {"count": minutes}
    if minutes < 48 * 60:
        return gettext("%(count)d h") % {"count": minutes // 60}
    # Translators: days of waiting, shortened
    return gettext("%(count)d d") % {"count": minutes // (24 * 60)}


@register.filter
def late(since: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a wait is longer than people put up with."""
    return since is not None and now - since > dt.timedelta(minutes=10)


@register.filter
def lasting(seconds: int | None) -> str:
    """How long a talk was: `2:31`, `1:02:31`."""
    if not isinstance(seconds, int):
        return ""
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


@register.filter
def medium_icon(kind: str) -> str:
    """The icon of a kind of medium."""
    return shown.icon_of(kind)


@register.filter
def medium_name(medium: dict[str, Any]) -> str:
    """What a medium is, in words: its kind, a file's name, how long it lasts."""
    seconds = medium.get("seconds")
    return shown.in_words(
        str(medium.get("kind", "")),
        name=str(medium.get("name") or medium.get("title") or ""),
        seconds=seconds if isinstance(seconds, int) else None,
    )


@register.filter
def degrees(value: Any) -> str:
    """A coordinate as maps take it, with a point: `54.98934`."""
    try:
        return f"{float(value):.5f}"
    except (TypeError, ValueError):
        return ""


@register.filter
def channel_name(kind: str) -> str:
    """A kind of channel in words."""
    return str(registry.channel(kind).label) if kind in registry.channels else kind
