"""Names of sources and periods as people say them."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Sources are free words; these are the ones people expect to see written properly.
_SOURCES = {
    "yandex_direct": gettext_lazy("Yandex Direct"),
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
    "recommendation": gettext_lazy("Recommendation"),
}


def source_name(key: str | None) -> str:
    """A source or `source/campaign` in words; None is what nobody knows."""
    if key is None:
        return _("Not known")
    source, slash, campaign = key.partition("/")
    name = str(_SOURCES.get(source, source))
    return f"{name} · {campaign or _('without a campaign')}" if slash else name
