"""Kind → wire, the one list. Rooms above ask here and never import a wire by name."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.protocols.channel import Channel
from integrations.protocols.group import Group


class UnknownKind(LookupError):
    """No wire of this kind is built in."""


# Kind → "module:attribute". Importing is put off until a kind is asked for, so that a command which needs one wire
# does not load the libraries of all.
_CHANNELS = {
    "webchat": "integrations.webchat.channel:CHANNEL",
    "form": "integrations.forms.channel:CHANNEL",
    "telegram": "integrations.telegram.channel:CHANNEL",
    "whatsapp": "integrations.meta.whatsapp:CHANNEL",
    "instagram": "integrations.meta.instagram:CHANNEL",
    "vk": "integrations.vk.channel:CHANNEL",
    "max": "integrations.max.channel:CHANNEL",
    "sms": "integrations.sms.channel:CHANNEL",
    "telephony": "integrations.telephony.channel:CHANNEL",
    "avito": "integrations.avito.channel:CHANNEL",
    "email": "integrations.mail.channel:CHANNEL",
}
# Kinds of connection that can stand in a group of colleagues.
_GROUPS = {
    "telegram": "integrations.telegram.group:GROUP",
    "vk": "integrations.vk.group:GROUP",
    "max": "integrations.max.group:GROUP",
}
_CRMS = {
    "bitrix24": "integrations.bitrix24:CRM",
}


class _Wires(Mapping[str, Any]):
    """A read-only mapping that imports a wire when it is first looked up."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places
        self._load = functools.cache(self._import)

    @staticmethod
    def _import(place: str) -> Any:
        module, _, attribute = place.partition(":")
        return getattr(importlib.import_module(module), attribute)

    def __getitem__(self, kind: str) -> Any:
        return self._load(self._places[kind])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, kind: object) -> bool:
        return kind in self._places


channels: Mapping[str, Channel] = _Wires(_CHANNELS)
crms: Mapping[str, Any] = _Wires(_CRMS)
groups: Mapping[str, Group] = _Wires(_GROUPS)


def channel(kind: str) -> Channel:
    """The channel wire of `kind`; raises `UnknownKind`."""
    try:
        return channels[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def crm(kind: str) -> Any:
    """The CRM wire of `kind` (see `integrations.protocols.crm`); raises `UnknownKind`."""
    try:
        return crms[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def kinds() -> list[str]:
    """Every kind of connection that can be made, channels first."""
    return [*channels, *crms]
