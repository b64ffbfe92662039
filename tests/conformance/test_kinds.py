"""Every kind of the registry is tried by the kit, and what its adapter says it lacks agrees with the wire."""

from __future__ import annotations

import datetime as dt

import pytest

from integrations import registry
from integrations.protocols.channel import Outgoing
from tests.conformance import kinds
from tests.conformance.kit import DEEDS, Kind, Person

OF_PEOPLE = (
    "say",
    "press",
    "edit",
    "take_back",
    "album",
    "own_app",
    "hear_us",
    "block",
    "unblock",
    "unknown",
)
REPORTS = ("sent", "delivered", "read", "failed")
each = pytest.mark.parametrize("adapter", kinds.all_kinds(), ids=lambda adapter: adapter.name())


def of(kind: str) -> list[type[Kind]]:
    return [adapter for adapter in kinds.all_kinds() if adapter.kind == kind]


def test_every_kind_of_the_registry_has_an_adapter() -> None:
    assert {adapter.kind for adapter in kinds.all_kinds()} == set(registry.channels)


def test_every_provider_of_a_kind_has_an_adapter() -> None:
    for kind in registry.channels:
        assert set(registry.channel(kind).guides) <= {adapter.provider for adapter in of(kind)}


@each
def test_what_is_lacked_is_named_with_a_reason(adapter: type[Kind]) -> None:
    assert set(adapter.lacks) <= set(DEEDS)
    assert all(len(reason) > 10 for reason in adapter.lacks.values())


@each
def test_what_is_not_lacked_can_be_done(adapter: type[Kind]) -> None:
    kind = adapter()
    kind.start()
    try:
        person = type(kind.person())
    finally:
        kind.stop()
    deeds = [deed for deed in OF_PEOPLE if adapter.has(deed)]
    deeds += ["report"] * any(adapter.has(state) for state in REPORTS) + ["got"] * adapter.has("send")
    assert [deed for deed in deeds if getattr(person, deed) is getattr(Person, deed)] == []
    methods = {"batch": "joined", "storm": "storms", "revoke": "revoke"}
    missing = [
        deed
        for deed, method in methods.items()
        if adapter.has(deed) and getattr(adapter, method) is getattr(Kind, method)
    ]
    assert missing == []


@pytest.mark.parametrize("kind", registry.channels)
def test_the_wires_capabilities_are_tried(kind: str) -> None:
    wire = registry.channel(kind)
    capabilities = wire.capabilities

    def tried(deed: str) -> bool:
        return any(adapter.has(deed) for adapter in of(kind))

    assert tried("send") is not capabilities.inbound_only
    if kind != "webchat":  # its page reports, not its hook
        assert {state for state in ("delivered", "read", "failed") if tried(state)} == capabilities.receipts
        evidence = capabilities.idempotent_send or _settles(kind)
        assert tried("evidence") == evidence
    assert tried("own_app") == capabilities.echoes
    assert tried("press") == capabilities.inline_buttons


def _settles(kind: str) -> bool:
    """Whether the wire can look for a message whose outcome is not known."""
    for adapter in of(kind):
        made = adapter()
        made.start()
        try:
            outgoing = Outgoing(chat=made.person().chat, text="Слово", key="k1")
            call = registry.channel(kind).settle(made.settings, outgoing, dt.datetime.now(dt.UTC))
        finally:
            made.stop()
        if call is not None:
            call.close()
            return True
    return False
