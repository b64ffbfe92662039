"""A table of requests handed in as a file becomes events of a form's account, one a row, as if each had been posted.

Between the look at it and "take in" the file travels packed and signed in the page itself: nothing of people who may
never become requests stays with us.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import json
import zlib
from typing import Any

from django.core import signing
from django.utils.translation import gettext_lazy as _

from connections import accounts, events
from connections.models import Connection, InboundEvent
from integrations import registry
from integrations.errors import ParseError
from integrations.forms import csvdrop
from integrations.protocols.channel import Channel, FormSubmitted, HookRequest

# The file as it is, and packed into a page.
MOST_BYTES, MOST_PACKED = 3 * 1024 * 1024, 3 * 1024 * 1024
KEPT_SECONDS = 24 * 3600
TOGETHER = 500
SUBPATH = "table"
_SALT = "connections.dropping"


class TooLarge(Exception):
    """The file holds more than is taken in at once."""


class Stale(Exception):
    """What came back from the page is not what was put there, is of another account, or was put there too long ago."""


@dataclasses.dataclass(frozen=True)
class Request:
    """A row as it will be read: its line in the file, what it says, and the request that stands for it."""

    line: int
    lead: FormSubmitted
    request: HookRequest


@dataclasses.dataclass(frozen=True)
class Table:
    """A file as it will be taken in."""

    requests: list[Request]
    errors: list[csvdrop.RowError]
    repeated: int
    columns: tuple[str, ...]
    named: bool


@dataclasses.dataclass(frozen=True)
class Taken:
    """What became of a file: rows that are new, those that were there already, those that could not be read."""

    new: int
    known: int
    wrong: int


def read(connection: Connection, data: bytes, *, name: str, zone: dt.tzinfo) -> Table:
    """The rows of a file, each read by the very reader that will take it in. `name` is the file's, "" for none."""
    wire = registry.channel(connection.kind)
    settings = accounts.settings_of(connection)
    drop = csvdrop.read(data, settings, zone=zone)
    requests: list[Request] = []
    errors = list(drop.errors)
    for row in drop.rows:
        request = _request(row, name)
        try:
            facts = wire.parse(settings, request)
        except ParseError:
            facts = []
        lead = next((fact for fact in facts if isinstance(fact, FormSubmitted)), None)
        if lead is None:
            beginning = " | ".join(filter(None, row.cells.values()))[:200]
            errors.append(csvdrop.RowError(row.line, _("The line cannot be read as a request."), beginning))
        else:
            requests.append(Request(row.line, lead, request))
    errors.sort(key=lambda error: error.line)
    return Table(requests, errors, drop.repeated, drop.columns, drop.named)


def _request(row: csvdrop.Row, name: str) -> HookRequest:
    # "website" is the field by which robots give themselves away; in a table it is a column like others.
    cells = {f"{column}:" if column == "website" else column: cell for column, cell in row.cells.items()}
    if name and not any(csvdrop.meaning(column) == "form_name" for column in cells):
        cells["form_name"] = name
    body = json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace")
    return HookRequest(subpath=SUBPATH, headers={"content-type": "application/json"}, body=body)


def take_in(connection: Connection, table: Table, *, now: dt.datetime) -> Taken:
    """Stores the rows as events, committed at return; those of a file that was taken in before are left alone.

    Raises:
        psycopg2.Error: the database is away; what was stored stays, and repeating is harmless.
    """
    wire = registry.channel(connection.kind)
    rows = [_row(wire, connection, each.request, now=now) for each in table.requests]
    known = InboundEvent.objects.filter(
        connection=connection, external_id__in=[row.external_id for row in rows]
    ).count()
    door = events.connect()
    try:
        for start in range(0, len(rows), TOGETHER):
            events.insert(door, rows[start : start + TOGETHER])
    finally:
        door.close()
    return Taken(new=len(rows) - known, known=known, wrong=len(table.errors))


def _row(wire: Channel, connection: Connection, request: HookRequest, *, now: dt.datetime) -> events.Row:
    row = events.row(
        wire, request, tenant_id=connection.tenant_id, connection_id=connection.pk, received_at=now
    )
    # The row's own key, even where its columns look like another sender's form with a key of its own.
    key = json.loads(request.body)["submission_id"]
    return dataclasses.replace(row, external_id=key, weak_id=False)


# ---------------------------------------------------------------- between two pages
def pack(connection: Connection, data: bytes, *, name: str) -> str:
    """A file as a field of a page.

    Raises:
        TooLarge: see the class.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge
    told: list[Any] = [connection.pk, name[:200], base64.urlsafe_b64encode(zlib.compress(data, 9)).decode()]
    packed = signing.TimestampSigner(salt=_SALT).sign(json.dumps(told))
    if len(packed) > MOST_PACKED:
        raise TooLarge
    return packed


def unpack(connection: Connection, packed: str) -> tuple[bytes, str]:
    """(file, name) from the page.

    Raises:
        Stale: see the class.
    """
    try:
        signed = signing.TimestampSigner(salt=_SALT).unsign(packed, max_age=KEPT_SECONDS)
        owner, name, data = json.loads(signed)
        if owner != connection.pk:
            raise Stale
        return zlib.decompress(base64.urlsafe_b64decode(data)), name
    except (signing.BadSignature, ValueError, binascii.Error, zlib.error) as error:
        raise Stale from error
