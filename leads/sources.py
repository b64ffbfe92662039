"""Whence: the touches of a lead, the first and the last of which count."""

from __future__ import annotations

import dataclasses
import datetime as dt

from conversations import lookups
from conversations.models import Conversation, Message
from integrations.protocols import channel
from kit.text import storable
from leads.models import Lead, LinkClick, Touch, TrackedLink

# A marketplace chat implies its source when nothing better is known.
IMPLIED = {"avito": "avito"}


def note(
    lead: Lead,
    touch: channel.Touch | None,
    *,
    now: dt.datetime,
    message: Message | None = None,
    conversation: Conversation | None = None,
) -> None:
    """Keeps a touch; the last one with a source becomes the lead's own, the first one stays its first.

    A code or a number that belongs to a tracked link takes source and campaign from it.
    """
    if touch is None or not (
        touch.source
        or touch.campaign
        or touch.code
        or touch.click_ids
        or touch.page_url
        or touch.number
        or touch.ad
    ):
        return
    touch, link = _of_our_own(touch)
    row = Touch.objects.create(
        lead=lead,
        message=message,
        conversation=conversation or (message.conversation if message else None),
        link=link,
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
        number=_short(touch.number, 16),
        ad=lookups.facts_of(touch.ad) if touch.ad else {},
    )
    if not (row.source or row.campaign):
        return
    lead.source, lead.medium, lead.campaign = row.source, row.medium, row.campaign
    fields = ["source", "medium", "campaign"]
    if not (lead.first_source or lead.first_campaign):
        lead.first_source, lead.first_medium, lead.first_campaign = row.source, row.medium, row.campaign
        fields += ["first_source", "first_medium", "first_campaign"]
    lead.save(update_fields=fields)


def _of_our_own(touch: channel.Touch) -> tuple[channel.Touch, TrackedLink | None]:
    """The touch as our own link tells it, and the link; unchanged when no link of ours is behind it."""
    if touch.code:
        click = LinkClick.objects.select_related("link").filter(token=touch.code).first()
        if click is not None:
            return _merged(touch, click.link, click), click.link
    link = None
    if touch.code:
        link = TrackedLink.objects.filter(code=touch.code).first()
    elif touch.number:
        link = TrackedLink.objects.filter(number=touch.number, archived_at=None).first()
    return (_merged(touch, link), link) if link is not None else (touch, None)


def _merged(touch: channel.Touch, link: TrackedLink, click: LinkClick | None = None) -> channel.Touch:
    tags = dict(click.tags) if click else {}
    return dataclasses.replace(
        touch,
        source=link.source,
        medium=link.medium or tags.get("utm_medium", ""),
        campaign=link.campaign or tags.get("utm_campaign", "") or touch.campaign * (not click),
        content=tags.get("utm_content", "") or touch.content,
        term=tags.get("utm_term", "") or touch.term,
        click_ids={**(click.click_ids if click else {}), **dict(touch.click_ids)},
        referrer=touch.referrer or (click.referrer if click else ""),
    )


def _short(text: str, size: int) -> str:
    return storable(text or "")[:size]
