"""The list of threads as a person needs it: who waits longest first, the rest by their newest word.

A page is one statement, keyed by where the one before ended; a second one brings the clock, the channels and the
capped counts beside the list. Rows of every table are named by tenant, so that each index is led by it.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import re
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from inbox import sql
from kit import text
from kit.templatetags import marzha
from tenants import wall

PAGE = 50
# Counts beyond this are told as "99+": an exact one would read the whole tenant.
CAP = 100
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class View(models.TextChoices):
    """Which threads."""

    ALL = "all", gettext_lazy("All")
    WAITING = "waiting", gettext_lazy("Waiting")
    MINE = "mine", gettext_lazy("Mine")
    LATER = "later", gettext_lazy("Later")
    CLOSED = "closed", pgettext_lazy("conversations", "Closed")
    PRIVATE = "private", pgettext_lazy("conversations", "Private")


@dataclasses.dataclass(frozen=True)
class Cursor:
    """Where a page ended: since when its last thread waits (None: it does not), its newest word, its id."""

    waiting_since: dt.datetime | None
    last_message_at: dt.datetime
    id: int

    def encoded(self) -> str:
        """As it stands in an address."""
        waits = "" if self.waiting_since is None else _micros(self.waiting_since)
        plain = f"{waits}.{_micros(self.last_message_at)}.{self.id}"
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def decoded(cls, value: str) -> Cursor | None:
        """None for what is no cursor of ours."""
        try:
            plain = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode("ascii")
        except ValueError:
            return None
        found = re.fullmatch(r"(\d{0,16})\.(\d{1,16})\.(\d{1,18})", plain)
        if not found:
            return None
        waits, newest, row_id = found.groups()
        return cls(_moment(waits) if waits else None, _moment(newest), int(row_id))


def _micros(at: dt.datetime) -> int:
    return (at - EPOCH) // dt.timedelta(microseconds=1)


def _moment(micros: str) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=int(micros))


@dataclasses.dataclass(frozen=True)
class Row:
    """A thread in the list."""

    id: int
    name: str
    phone: str
    kind: str
    channel: str
    state: str
    holder: str
    waiting_since: dt.datetime | None
    last_message_at: dt.datetime | None
    last_text: str
    unread: int
    assignee_id: int | None
    assignee: str
    snoozed_until: dt.datetime | None
    blocked: bool
    not_a_client: bool
    is_private: bool
    draft: str
    # What a search found in a message.
    hit: str = ""

    @property
    def who(self) -> str:
        """What the client is called."""
        return self.name or marzha.phone(self.phone) or _("Guest")


@dataclasses.dataclass(frozen=True)
class Page:
    """Rows and where to go on, "" at the end."""

    rows: list[Row]
    next: str


@dataclasses.dataclass(frozen=True)
class Frame:
    """What stands around the list. Counts are capped at `CAP`."""

    now: dt.datetime
    waiting: int
    mine: int
    later: int
    raw: int
    unread: int
    private: int
    channels: list[dict[str, Any]]


_COLUMNS = f"""
  c.id, p.name, p.phone, k.kind, k.name AS channel, c.state, {sql.HOLDER} AS holder, c.waiting_since, c.last_message_at,
  c.last_text, c.unread, c.assignee_id, coalesce(nullif(u.name, ''), u.email, '') AS assignee, c.snoozed_until,
  c.blocked_at IS NOT NULL AS blocked, c.not_a_client, c.is_private, left(c.draft, 100) AS draft
"""
_JOINS = f"""
  {sql.TENANT}
  JOIN conversations_contact p ON p.tenant_id = %(tenant)s AND p.id = c.contact_id
  JOIN connections_connection k ON k.tenant_id = %(tenant)s AND k.id = c.connection_id
  LEFT JOIN tenants_user u ON u.id = c.assignee_id
"""
_WHERE = {
    View.ALL: "c.state = 'open' AND NOT c.is_private",
    View.WAITING: "c.state = 'open' AND c.waiting_since IS NOT NULL AND NOT c.is_private",
    View.MINE: "c.state = 'open' AND c.assignee_id = %(user)s AND NOT c.is_private",
    View.LATER: "c.state = 'snoozed' AND NOT c.is_private",
    View.CLOSED: "c.state = 'closed' AND NOT c.is_private",
    View.PRIVATE: "c.is_private",
}
_AFTER_ANSWERED = "c.waiting_since IS NULL AND (c.last_message_at, c.id) < (%(newest)s, %(id)s)"
_AFTER_WAITING = (
    "(c.waiting_since IS NULL OR c.waiting_since > %(waits)s"
    " OR (c.waiting_since = %(waits)s AND (c.last_message_at, c.id) < (%(newest)s, %(id)s)))"
)


def page(
    view: str, *, user_id: int, channel: int | None = None, after: Cursor | None = None, size: int = PAGE
) -> Page:
    """One page of a view in one statement.

    Waiting threads stand first, the longest wait on top; then the others, the newest word on top: one order, which
    the indexes of `inbox/functions.py` keep. A thread without a word is not listed.
    """
    where = ["c.tenant_id = %(tenant)s", _WHERE[View(view)], "c.last_message_at IS NOT NULL"]
    if channel is not None:
        where.append("c.connection_id = %(channel)s")
    if after is not None:
        where.append(_AFTER_ANSWERED if after.waiting_since is None else _AFTER_WAITING)
    found = sql.fetch(
        f"SELECT {_COLUMNS} FROM conversations_conversation c {_JOINS} WHERE {' AND '.join(where)}"
        " ORDER BY c.waiting_since, c.last_message_at DESC, c.id DESC LIMIT %(most)s",
        {
            "tenant": wall.current_tenant_id(),
            "user": user_id,
            "channel": channel,
            "most": size + 1,
            "waits": after and after.waiting_since,
            "newest": after and after.last_message_at,
            "id": after and after.id,
        },
    )
    rows = [Row(**row) for row in found]
    if len(rows) <= size:
        return Page(rows, "")
    last = rows[size - 1]
    assert last.last_message_at is not None
    return Page(rows[:size], Cursor(last.waiting_since, last.last_message_at, last.id).encoded())


_WAITS = f"""
clock AS MATERIALIZED (SELECT app_now() AS now), waits AS (
  SELECT count(*) AS waiting, count(*) FILTER (WHERE few.unread > 0
    AND (few.holder <> 'assistant' OR few.waiting_since < clock.now - interval '1 minute')) AS unread
  FROM clock LEFT JOIN LATERAL (SELECT c.unread, {sql.HOLDER} AS holder, c.waiting_since
    FROM conversations_conversation c {sql.TENANT}
    WHERE c.tenant_id = %(tenant)s AND c.waiting_since IS NOT NULL AND c.state = 'open' LIMIT {CAP}) few ON true
  WHERE few.waiting_since IS NOT NULL
)
"""
_FRAME = f"""
WITH {_WAITS}
SELECT clock.now, waits.waiting, waits.unread,
  (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c WHERE c.tenant_id = %(tenant)s
    AND c.assignee_id = %(user)s AND c.state = 'open' LIMIT {CAP}) few) AS mine,
  (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c WHERE c.tenant_id = %(tenant)s
    AND c.state = 'snoozed' LIMIT {CAP}) few) AS later,
  (SELECT count(*) FROM (SELECT 1 FROM leads_lead l WHERE l.tenant_id = %(tenant)s AND l.contact_id IS NULL
    AND l.status <> 'lost' LIMIT {CAP}) few) AS raw,
  (SELECT count(*) FROM (SELECT 1 FROM conversations_conversation c WHERE c.tenant_id = %(tenant)s
    AND c.is_private LIMIT {CAP}) few) AS private,
  (SELECT json_agg(json_build_object('id', k.id, 'kind', k.kind, 'name', k.name) ORDER BY k.id)
    FROM connections_connection k WHERE k.tenant_id = %(tenant)s) AS channels
FROM clock CROSS JOIN waits
"""


def unread() -> int:
    """How many threads a person should look at: unread, unanswered, not just being answered by the assistant."""
    return sql.fetch(f"WITH {_WAITS} SELECT unread FROM waits", {"tenant": wall.current_tenant_id()})[0][
        "unread"
    ]


def frame(*, user_id: int) -> Frame:
    """The clock, the channels and the counts, in one statement.

    Its `unread` is that of `unread()`.
    """
    row = sql.fetch(_FRAME, {"tenant": wall.current_tenant_id(), "user": user_id})[0]
    return Frame(**row | {"channels": sql.parsed(row["channels"]) or []})


_SEARCH = f"""
SELECT {_COLUMNS}, left(m.text, 2000) AS hit
FROM inbox_search(%(words)s, %(digits)s, %(messages)s, %(most)s) WITH ORDINALITY AS found (cid, mid, place)
JOIN conversations_conversation c ON c.tenant_id = %(tenant)s AND c.id = found.cid
  AND (%(private)s OR NOT c.is_private) {_JOINS}
LEFT JOIN conversations_message m ON m.tenant_id = %(tenant)s AND m.id = found.mid
ORDER BY found.place
"""
# Shorter words match nearly everything and no trigram: they are looked for in names only.
SHORTEST, SHORTEST_IN_TEXTS = 2, 3


def search(query: str, *, private: bool = False) -> list[Row]:
    """Threads by the client's name, phone in any writing, user name, or the text of a message; at most a page.

    The letter yo counts as ye, capitals as small letters. `private`: also in private chats.
    """
    words = text.fold(text.storable(query)).strip()[:100]
    digits = phone_digits(query)
    if len(words) < SHORTEST:
        return []
    found = sql.fetch(
        _SEARCH,
        {
            "tenant": wall.current_tenant_id(),
            "words": f"%{like(words)}%",
            "digits": f"%{digits}%" if digits else None,
            "messages": len(words) >= SHORTEST_IN_TEXTS,
            "most": PAGE,
            "private": private,
        },
    )
    return [Row(**row | {"hit": snippet(row["hit"] or "", words)}) for row in found]


def like(words: str) -> str:
    """`words` for LIKE: its signs mean themselves."""
    return re.sub(r"([\\%_])", r"\\\1", words)


def phone_digits(query: str) -> str:
    """The digits to look for in E.164 numbers, "" when the query is no part of a phone.

    A Russian 8 in front is the country's 7.
    """
    if re.search(r"[^\d\s+().-]", query):
        return ""
    digits = re.sub(r"\D", "", query)
    if len(digits) < 4:
        return ""
    if digits[0] == "8" and not query.strip().startswith("+") and (digits[1] == "9" or len(digits) == 11):
        return "7" + digits[1:]
    return digits


def snippet(message: str, words: str, *, around: int = 60) -> str:
    """The part of a message around what was found, with dots where it was cut."""
    at = text.fold(message).find(words)
    if at < 0:
        return message[: 2 * around]
    start, end = max(0, at - around), min(len(message), at + len(words) + around)
    cut = " ".join(message[start:end].split())
    return f"{'… ' if start else ''}{cut}{' …' if end < len(message) else ''}"
