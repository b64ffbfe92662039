"""The tenant's clock: the database's, moved only for a tenant flagged as demo."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from tenants import wall
from tenants.models import Tenant


def now() -> dt.datetime:
    """The present moment of the tenant that is entered (aware, UTC)."""
    wall.current_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        return cursor.fetchone()[0]


def local_day(at: dt.datetime, *, tenant: Tenant) -> dt.date:
    """The tenant's local date of an instant."""
    return at.astimezone(tenant.zone).date()


class NotDemo(Exception):
    """The clock of a real tenant does not move."""


def move(by: dt.timedelta) -> None:
    """Moves the clock of the entered tenant forward.

    Raises:
        NotDemo: for a tenant that is not flagged as demo.
        ValueError: for a step backwards.
    """
    if by < dt.timedelta():
        raise ValueError("the clock moves forward only")
    tenant = wall.entered_tenant()
    if not tenant.is_demo:
        raise NotDemo(tenant.slug)
    tenant.clock_offset += by
    tenant.save(update_fields=["clock_offset"])
