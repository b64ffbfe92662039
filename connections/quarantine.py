"""Requests with a wrong signature: a capped number of them is kept sealed, so that our own mistake in rotating a
secret loses no lead. They are seen in the channel's health and deleted after a week."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
import logging

import psycopg2

from connections import events
from connections.spool import Kept
from integrations.protocols.channel import USUAL_BODY, HookRequest
from tenants import secrets

log = logging.getLogger(__name__)

MOST_A_DAY = 100
LIFE = dt.timedelta(days=7)
PLACE = "quarantine"
INSERT = (
    "INSERT INTO connections_quarantined (tenant_id, connection_id, received_at, reason, sealed_request)"
    " VALUES (%s, %s, now(), %s, %s)"
)


class Quarantine:
    """Keeps at most `MOST_A_DAY` a connection and day (counted per process)."""

    def __init__(self) -> None:
        self._day: dt.date | None = None
        self._count: collections.Counter[int] = collections.Counter()

    async def keep(
        self, tenant_id: int, connection_id: int, request: HookRequest, *, now: dt.datetime
    ) -> None:
        """Stores the request unless the cap is reached; a database that is away is no reason to fail.

        A large one is not kept: anybody can send such, and services repeat a letter that was refused.
        """
        if len(request.body) > USUAL_BODY:
            return
        if self._day != now.date():
            self._day = now.date()
            self._count.clear()
        if self._count[connection_id] >= MOST_A_DAY:
            return
        self._count[connection_id] += 1
        kept = Kept(kind="", token="", request=request, received_at=now, verified=False)
        sealed = secrets.seal(kept.dump(), tenant_id=tenant_id, place=PLACE)
        try:
            await asyncio.to_thread(_insert, tenant_id, connection_id, sealed)
        except psycopg2.Error as error:
            log.warning("quarantine: %s", str(error).strip())


def _insert(tenant_id: int, connection_id: int, sealed: bytes) -> None:
    connection = events.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [tenant_id, connection_id, "signature", psycopg2.Binary(sealed)])
    finally:
        connection.close()
