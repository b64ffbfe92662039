"""Whence: the touch that counts for a lead."""

from __future__ import annotations

import datetime as dt

from integrations.protocols import channel
from kit.text import storable
from leads.models import Lead, Touch

# A marketplace chat implies its source when nothing better is known.
IMPLIED = {"avito": "avito"}


def note(lead: Lead, touch: channel.Touch | None, *, now: dt.datetime) -> None:
    """Keeps a touch; the last one with a source becomes the lead's own."""
    if touch is None or not (
        touch.source or touch.campaign or touch.code or touch.click_ids or touch.page_url
    ):
        return
    row = Touch.objects.create(
        lead=lead,
        at=now,
        source=_short(touch.source, 100),
        medium=_short(touch.medium, 100),
        campaign=_short(touch.campaign, 200),
        content=_short(touch.content, 255),
        term=_short(touch.term, 255),
        code=_short(touch.code, 64),
        click_ids={storable(k): storable(v) for k, v in dict(touch.click_ids).items()},
        referrer=_short(touch.referrer, 500),
        page_url=_short(touch.page_url, 500),
    )
    if row.source or row.campaign:
        lead.source, lead.medium, lead.campaign = row.source, row.medium, row.campaign
        lead.save(update_fields=["source", "medium", "campaign"])


def _short(text: str, size: int) -> str:
    return storable(text or "")[:size]
