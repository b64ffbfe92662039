"""What the pages say of a kind beside its guide: its place in the list, our part of the time, the drawing of each step.

A kind that is not named here still has its page: the time is guessed from its steps, and they get common drawings.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.utils.translation import gettext_lazy as _

from connections import kinds
from integrations import registry
from integrations.protocols.channel import Guide
from integrations.telephony import uis

ORDER = (
    "telegram",
    "whatsapp",
    "instagram",
    "vk",
    "max",
    "avito",
    "telephony",
    "webchat",
    "form",
    "email",
    "sms",
)

# Alternative texts of templates/connections/drawings/<name>.svg.
DRAWINGS: dict[str, Any] = {
    "address": _("Drawing: our address goes into a field of the provider's settings"),
    "chat": _("Drawing: a phone with a chat, the button at the bottom is pressed"),
    "code": _("Drawing: a phone with a code of four digits"),
    "copy": _("Drawing: a line with a key, and the button that copies it"),
    "link": _("Drawing: an address with its digits at the end"),
    "paste": _("Drawing: the copied key is put into a field of this page"),
    "people": _("Drawing: a list of users with a new one being added"),
    "phone": _("Drawing: a call passes from one phone on to another"),
    "site": _("Drawing: a page of the provider with an entry of its menu marked"),
    "switch": _("Drawing: a switch is turned on"),
    "type": _("Drawing: a form in which a name is typed"),
    "wait": _("Drawing: a sheet of paper with a clock, it is being looked through"),
    "wallet": _("Drawing: a wallet is topped up"),
}

# Minutes of our own part, the provider's review left out.
_MINUTES = {
    "webchat": 1,
    "form": 2,
    "telegram": 2,
    "vk": 3,
    "max": 2,
    "avito": 3,
    "email": 3,
    "sms": 3,
    "telephony": 3,
    "whatsapp": 10,
    "instagram": 10,
}
_PICTURES: dict[str, tuple[str, ...]] = {
    "webchat": ("switch",),
    "form": ("switch", "address"),
    "telegram": ("chat", "type", "copy"),
    "whatsapp": ("site", "code", "copy", "people", "copy", "paste", "wallet"),
    "instagram": ("switch", "switch", "site", "copy", "copy", "address", "switch"),
    "vk": ("site", "switch", "copy", "link"),
    "max": ("site", "wait", "copy", "paste"),
    "avito": ("wallet", "site", "copy", "copy", "paste"),
    "email": ("switch", "type", "paste", "switch"),
    "sms:smsc": ("wallet", "type", "copy", "type", "address"),
    "sms:smsaero": ("wallet", "type", "copy", "paste"),
    "sms:twilio": ("wallet", "copy", "paste"),
    "telephony:mango": ("switch", "copy", "address", "address"),
    "telephony:uis": ("address", "site", "address", "switch", "copy"),
    "telephony:novofon": ("site", "copy", "site"),
    "telephony:zadarma": ("site", "copy", "switch"),
    "telephony:sipuni": ("copy", "address", "switch"),
    "telephony:megafon": ("site", "type", "copy", "copy", "address"),
    "telephony:twilio": ("wallet", "copy", "phone"),
}
# Where the owner carries our address to the provider by hand: it stands in the open until the first event.
_BY_HAND = frozenset(
    {
        "form",
        "instagram",
        "sms:smsc",
        "sms:smsaero",
        "telephony:mango",
        "telephony:uis",
        "telephony:sipuni",
        "telephony:megafon",
    }
)
# They work without an address on the internet: we fetch, or only send.
_REACHED_ANYHOW = frozenset({"email", "sms"})


@dataclasses.dataclass(frozen=True)
class Offer:
    """A kind that can be connected."""

    kind: str
    label: Any
    guide: Guide
    minutes: int


@dataclasses.dataclass(frozen=True)
class Step:
    """One numbered step with its drawing."""

    text: Any
    drawing: str
    alt: Any

    @property
    def template(self) -> str:
        """The drawing's template."""
        return f"connections/drawings/{self.drawing}.svg"


def offers() -> list[Offer]:
    """Every kind of channel, those that most owners look for first."""
    known = [kind for kind in ORDER if kind in registry.channels]
    return [offer(kind) for kind in (*known, *(kind for kind in registry.channels if kind not in ORDER))]


def offer(kind: str, provider: str = "") -> Offer:
    """A kind, or one of its providers."""
    guide = kinds.guide(kind, provider)
    label = kinds.provider_label(kind, provider) if provider else kinds.wire_of(kind).label
    return Offer(kind, label, guide, _MINUTES.get(kind) or max(1, round(len(guide.steps) * 0.75)))


def steps(kind: str, provider: str = "") -> list[Step]:
    """The steps of a kind with their drawings."""
    texts = kinds.guide(kind, provider).steps
    pictures = _PICTURES.get(f"{kind}:{provider}") or _PICTURES.get(kind) or _common(len(texts))
    return [
        Step(text, picture, DRAWINGS[picture])
        for text, picture in zip(texts, (*pictures, *_common(len(texts)))[: len(texts)], strict=True)
    ]


def by_hand(kind: str, provider: str = "") -> bool:
    """Whether the owner gives our address to the provider."""
    return f"{kind}:{provider}" in _BY_HAND or kind in _BY_HAND


def bodies(kind: str, provider: str = "") -> list[tuple[str, str]]:
    """(event, body) of notifications that the owner types into the provider's settings as they are."""
    if (kind, provider) != ("telephony", "uis"):
        return []
    # On one line: the breaks mean nothing in it, and a field of one line keeps none.
    template = " ".join(uis.TEMPLATE.split())
    return [(event, template % {"event": event}) for event in uis.EVENTS]


def wants_address(kind: str, provider: str = "") -> bool:
    """Whether the provider must be able to reach this installation over the internet."""
    return kind not in _REACHED_ANYHOW and kinds.guide(kind, provider).asks_provider


def _common(count: int) -> tuple[str, ...]:
    """Open a page, do things there, bring a key back."""
    return ("site", *(["copy"] * max(0, count - 2)), "paste")[:count] if count else ()
