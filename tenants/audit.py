"""The audit trail: what was done that matters, by whom."""

from __future__ import annotations

from typing import Any

from tenants.models import AuditEntry, User


def record(action: str, *, by: User | None, subject: str = "", **details: Any) -> None:
    """Writes one entry in the present transaction; `details` are allow-listed facts, never secrets."""
    AuditEntry.objects.create(action=action, user=by, subject=subject[:200], details=details)
