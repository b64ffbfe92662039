"""Tracked links, QR codes and numbers: made here, followed by clients, counted by their clicks and leads."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState
from integrations import registry
from integrations.protocols import attribution
from kit import phones
from kit.text import storable
from leads.models import Lead, LeadStatus, LinkClick, Touch, TrackedLink
from tenants.models import Tenant, User, new_token

_LONGEST_CODE = 40
_LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"  # language data
_LATIN = "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch , y , e yu ya".replace(",", "").split(
    " "
)
_CYRILLIC = dict(zip(_LETTERS, _LATIN, strict=True))


@dataclasses.dataclass(frozen=True)
class Entry:
    """What a colleague fills in for a new link. `number` (E.164) instead of a link: a phone printed in one place."""

    name: str
    source: str
    medium: str = ""
    campaign: str = ""
    connection: Connection | None = None
    number: str = ""


@dataclasses.dataclass(frozen=True)
class Counted:
    """A link and what it brought: clicks, leads whose touch it was, those of them that booked or visited."""

    link: TrackedLink
    clicks: int
    leads: int
    won: int


def linkable() -> list[Connection]:
    """The channels a link can lead into: they bring the code back, or the page they open does."""
    found = Connection.objects.exclude(state=ConnectionState.OFF).order_by("id")
    return [c for c in found if c.kind == "webchat" or deep_link(c, "x_y")]


def create(entry: Entry, *, by: User | None, now: dt.datetime) -> TrackedLink:
    """A new link with a code that tells its source by itself, so that it reads right even where it is not known.

    Raises:
        ValidationError: a number that is none, or that stands in another place already.
    """
    number = ""
    if entry.number:
        number = phones.normalise(entry.number) or ""
        if not number:
            raise ValidationError({"number": _("This is no phone number: write it with the code, +7 …")})
    base = code_of(entry.source, entry.campaign)
    for attempt in range(1, 50):
        code = "" if number else base if attempt == 1 else f"{base}{attempt}"
        try:
            with transaction.atomic():
                return TrackedLink.objects.create(
                    name=storable(entry.name).strip()[:100],
                    code=code,
                    number=number,
                    connection=entry.connection,
                    source=_word(entry.source)[:100],
                    medium=_word(entry.medium)[:100],
                    campaign=storable(entry.campaign).strip()[:200],
                    created_by=by,
                    created_at=now,
                )
        except IntegrityError:
            if number:
                raise ValidationError({"number": _("This number is printed in another place.")}) from None
    raise ValidationError(_("There are too many links of this name: choose another campaign."))


def archive(link: TrackedLink, *, now: dt.datetime) -> None:
    """Takes a link off the list; people who come by it are still told apart."""
    link.archived_at = now
    link.save(update_fields=["archived_at"])


def restore(link: TrackedLink) -> None:
    """Puts it back.

    Raises:
        ValidationError: its number stands in another place by now.
    """
    link.archived_at = None
    try:
        with transaction.atomic():
            link.save(update_fields=["archived_at"])
    except IntegrityError:
        raise ValidationError(_("This number is printed in another place.")) from None


def counted(links: QuerySet[TrackedLink]) -> list[Counted]:
    """Links with their numbers, newest first."""
    came = (
        Touch.objects.filter(link=OuterRef("pk"))
        .order_by()
        .values("link")
        .annotate(
            leads=Count("lead", distinct=True),
            won=Count(
                "lead", distinct=True, filter=Q(lead__status__in=[LeadStatus.BOOKED, LeadStatus.VISITED])
            ),
        )
    )
    clicked = LinkClick.objects.filter(link=OuterRef("pk")).order_by().values("link").annotate(n=Count("pk"))
    numbers = links.values_list(
        "pk",
        Coalesce(Subquery(clicked.values("n")), 0),
        Coalesce(Subquery(came.values("leads")), 0),
        Coalesce(Subquery(came.values("won")), 0),
    )
    by_link = {pk: tuple(counts) for pk, *counts in numbers}
    rows = links.select_related("connection").order_by("-id")
    return [Counted(row, *by_link.get(row.pk, (0, 0, 0))) for row in rows]


def in_use(*, archived: bool = False) -> QuerySet[TrackedLink]:
    """The links that stand somewhere, or those that do no more."""
    return TrackedLink.objects.filter(archived_at__isnull=not archived)


def leads_of(link: TrackedLink) -> QuerySet[Lead]:
    """The leads that came by it."""
    return Lead.objects.filter(touches__link=link).distinct().order_by("-id")


def address(link: TrackedLink, *, tenant: Tenant) -> str:
    """The public address of a link, which counts the click; "" for a number."""
    if not link.code:
        return ""
    return settings.PUBLIC_URL + reverse("leads:follow", args=[tenant.slug, link.code])


def deep_link(connection: Connection, code: str) -> str | None:
    """The address inside the messenger that brings `code` back; None where there is no such thing."""
    if connection.kind not in registry.channels:
        return None
    return registry.channel(connection.kind).link(str(connection.account.get("link_base") or ""), code)


def follow(
    link: TrackedLink, *, tenant: Tenant, query: Mapping[str, str], referrer: str, now: dt.datetime
) -> str:
    """Counts a click and says where it leads. Tags that an ad system put on the address travel along."""
    told = {key.lower(): attribution.value(text) for key, text in query.items()}
    tags = {key: told[key] for key in attribution.UTM if told.get(key)}
    clicks = {key: told[key] for key in attribution.CLICK_IDS if told.get(key)}
    click = LinkClick.objects.create(
        link=link,
        token=f"c{new_token(12)}"[:20].replace("_", "-"),
        at=now,
        tags=tags,
        click_ids=clicks,
        referrer=storable(referrer)[:500],
    )
    if link.connection is not None and link.connection.state != ConnectionState.OFF:
        inside = deep_link(link.connection, click.token)
        if inside is not None:
            return inside
        if link.connection.kind == "webchat":
            path = reverse("conversations:chat", args=[accounts.token_of(link.connection)])
            return f"{settings.PUBLIC_URL}{path}?{_tagged(link, tags, clicks)}"
    return f"{settings.PUBLIC_URL}/b/{tenant.slug}/?{_tagged(link, tags, clicks)}"


def _tagged(link: TrackedLink, tags: Mapping[str, str], clicks: Mapping[str, str]) -> str:
    own = {"utm_source": link.source, "utm_medium": link.medium, "utm_campaign": link.campaign}
    return urlencode({**tags, **{key: text for key, text in own.items() if text}, **clicks})


def code_of(source: str, campaign: str) -> str:
    """A readable code: `vk_autumn` for source VK and campaign Autumn."""
    parts = [_latin(source).replace("_", "-") or "link", _latin(campaign)]
    return "_".join(part for part in parts if part)[:_LONGEST_CODE].rstrip("_-")


def _latin(text: str) -> str:
    letters = "".join(_CYRILLIC.get(c, c) for c in text.strip().lower())
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def _word(text: str) -> str:
    """A source or medium as the figures group it: lower case, one word."""
    return re.sub(r"\s+", "_", storable(text).strip().lower())
