"""Whether the assistant answers: the tenant's choice, and whose the thread is."""

from __future__ import annotations

from conversations.models import Conversation, Holder
from integrations import registry
from tenants.models import Tenant

ALWAYS, OFF = "always", "off"
# `Tenant.settings["assistant"] = {"mode": …, "phrases": {…}}`; a tenant that never chose has it always on.
SETTING = "assistant"


def of(tenant: Tenant) -> str:
    """The tenant's choice."""
    return str((tenant.settings.get(SETTING) or {}).get("mode") or ALWAYS)


def choose(tenant: Tenant, mode: str) -> None:
    """Keeps the choice."""
    tenant.settings[SETTING] = (tenant.settings.get(SETTING) or {}) | {"mode": mode}
    tenant.save(update_fields=["settings"])


def may_answer(thread: Conversation, tenant: Tenant) -> bool:
    """Whether the assistant speaks in this thread now: never over a person, never to somebody who is no client."""
    return (
        thread.holder == Holder.ASSISTANT
        and not thread.not_a_client
        and of(tenant) == ALWAYS
        and not registry.channel(thread.connection.kind).capabilities.inbound_only
    )
