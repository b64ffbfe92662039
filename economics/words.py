"""Names of sources and periods as people say them."""

from __future__ import annotations

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Sources are free words; these are the ones people expect to see written properly.
_SOURCES = {
    "yandex_direct": gettext_lazy("Yandex Direct"),
    "yandex": gettext_lazy("Yandex"),
    "yandex_maps": gettext_lazy("Yandex Maps"),
    "vk_ads": gettext_lazy("VK Ads"),
    "vk": gettext_lazy("VK"),
    "avito": gettext_lazy("Avito"),
    "2gis": gettext_lazy("2GIS"),
    "instagram": gettext_lazy("Instagram"),
    "telegram": gettext_lazy("Telegram"),
    "whatsapp": gettext_lazy("WhatsApp"),
    "webchat": gettext_lazy("Site chat"),
    "form": gettext_lazy("Site form"),
    "friends": gettext_lazy("Friends' advice"),
    "recommendation": gettext_lazy("Recommendation"),
}


def source_name(key: str | None) -> str:
    """A source or `source/campaign` in words; None is what nobody knows."""
    if key is None:
        return _("Not known")
    source, slash, campaign = key.partition("/")
    name = str(_SOURCES.get(source, source))
    return f"{name} · {campaign or _('without a campaign')}" if slash else name


def day(date: dt.date) -> str:
    """A day without its weekday and year: `5 apr`."""
    return date_format(date, "j b")


def span(first: dt.date, last: dt.date) -> str:
    """A period: `1 – 30 April 2026`."""
    if first == last:
        return date_format(first, "j E Y")
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\u2009–\u2009{date_format(last, 'j E Y')}"
    head = date_format(first, "j E" if first.year == last.year else "j E Y")
    return f"{head} – {date_format(last, 'j E Y')}"
