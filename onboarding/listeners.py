"""Hears that a tenant was made."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from connections import accounts
from onboarding import presets
from tenants import signals


@receiver(signals.tenant_created)
def furnish(sender: Any, tenant: Any, **_: Any) -> None:
    """A new tenant has its industry's price list and a site chat from the first second."""
    presets.apply(tenant)
    if tenant.industry != "empty":
        accounts.create("webchat", settings={})
