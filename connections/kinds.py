"""What a kind of account asks of its owner: its fields, its steps, its providers, and what we add to each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import registry
from integrations.protocols.channel import BaseChannel, Field, Guide
from kit import proxy

PROVIDER = "provider"
PROXY = Field(
    name="proxy_url",
    label=gettext_lazy("Proxy"),
    secret=True,
    help=gettext_lazy(
        "Only where the provider cannot be reached from our server: http://user:password@proxy.example.org:3128"
    ),
)
# They call nobody, or not over HTTP.
_WITHOUT_PROXY = frozenset({"webchat", "form", "email"})
_NO_GUIDE = Guide(icon="plug", text="", steps=())


def wire_of(kind: str) -> Any:
    """The wire of a kind, a channel's or a CRM's.

    Raises:
        integrations.registry.UnknownKind: there is none.
    """
    return registry.channel(kind) if kind in registry.channels else registry.crm(kind)


def fields(kind: str) -> tuple[Field, ...]:
    """Every setting a kind knows, ours included."""
    own = tuple(wire_of(kind).fields)
    return (*own, PROXY) if kind in registry.channels and kind not in _WITHOUT_PROXY else own


def fields_for(kind: str, provider: str = "") -> tuple[Field, ...]:
    """The settings that make sense with one of the kind's providers."""
    return tuple(
        field
        for field in fields(kind)
        if not _providers(field) or not provider or provider in _providers(field)
    )


def asked(kind: str, provider: str = "") -> tuple[Field, ...]:
    """What the owner types: not what is made by itself, chosen before, or filled by this installation."""
    ours = platform(kind)
    return tuple(
        field
        for field in fields_for(kind, provider)
        if not getattr(field, "generated", False)
        and field.name not in ours
        and not (field.name == PROVIDER and providers(kind))
    )


def providers(kind: str) -> list[tuple[str, Any]]:
    """(value, label) of the providers a kind stands for; empty where it is one itself."""
    if not getattr(wire_of(kind), "guides", None):
        return []
    for field in wire_of(kind).fields:
        if field.name == PROVIDER:
            return list(field.choices)
    return []


def provider_label(kind: str, provider: str) -> str:
    """What the owner calls the provider: the kind's own name where it stands for one."""
    return str(dict(providers(kind)).get(provider) or wire_of(kind).label)


def guide(kind: str, provider: str = "") -> Guide:
    """The steps of a kind, or of one of its providers."""
    wire = wire_of(kind)
    guides: Mapping[str, Guide] = getattr(wire, "guides", {})
    found = guides.get(provider) or _own_guide(wire)
    return dataclasses.replace(found, icon=found.icon or kind)


def platform(kind: str) -> Mapping[str, str]:
    """Settings that this installation's own approved application fills for every tenant."""
    given: Mapping[str, str] = django_settings.PLATFORM_SETTINGS.get(kind, {})
    if not given:
        return {}
    known = {field.name for field in wire_of(kind).fields}
    return {name: value for name, value in given.items() if name in known}


def calls(kind: str, account: Mapping[str, Any]) -> bool:
    """Whether there is a provider to ask about such an account (`Connection.account`)."""
    return guide(kind, str(account.get(PROVIDER) or "")).asks_provider


def polled(kind: str) -> bool:
    """Whether a kind has something to fetch beside its hook."""
    return kind in registry.channels and type(registry.channel(kind)).poll is not BaseChannel.poll


def check(kind: str, values: Mapping[str, str]) -> None:
    """Says what is wrong with settings as they were typed; asks nobody outside.

    Raises:
        ValidationError: a setting is unknown, missing, or none of its choices.
    """
    known = {field.name: field for field in fields(kind)}
    wrong = {name: _("There is no such setting.") for name in sorted(set(values) - set(known))}
    ours = platform(kind)
    for field in fields_for(kind, values.get(PROVIDER, "")):
        value = values.get(field.name, "")
        if not value:
            if field.required and field.name not in ours:
                wrong[field.name] = _("Fill this in.")
            continue
        choices = [choice for choice, _label in getattr(field, "choices", ())]
        if choices and value not in choices:
            wrong[field.name] = _("One of these: %(choices)s.") % {"choices": ", ".join(choices)}
    if (address := values.get(PROXY.name)) and PROXY.name in known:
        try:
            proxy.parse(address)
        except proxy.BadProxy:
            wrong[PROXY.name] = _(
                "Write it like http://user:password@proxy.example.org:3128. Addresses inside a house cannot be used."
            )
    if wrong:
        raise ValidationError(wrong)


def _providers(field: Field) -> tuple[str, ...]:
    return getattr(field, "providers", ())


def _own_guide(wire: Any) -> Guide:
    own: Guide = getattr(wire, "guide", _NO_GUIDE)
    return own
