"""A thread as it is read: what was said, noted and done, in order, in one statement; its head in another."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import private, shown
from conversations.models import Author, Direction, MessageState
from conversations.shown import Shown
from inbox import sql
from inbox.models import Step
from kit.templatetags import marzha
from tenants import wall

PAGE = 50
# A page left open all day is not re-read without end.
MOST = 300
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass
class Head:
    """Who and where: the thread with its client, channel and colleague. `now` is the tenant's clock."""

    id: int
    now: dt.datetime
    contact_id: int
    name: str
    phone: str
    connection_id: int
    kind: str
    channel: str
    channel_state: str
    state: str
    holder: str
    assignee_id: int | None
    assignee: str
    waiting_since: dt.datetime | None
    snoozed_until: dt.datetime | None
    blocked_at: dt.datetime | None
    not_a_client: bool
    is_private: bool
    chat: str
    unread: int
    draft: str
    generation: int
    lead_id: int | None
    lead_status: str | None

    @property
    def who(self) -> str:
        """What the client is called."""
        return self.name or marzha.phone(self.phone) or _("Guest")

    @property
    def personal(self) -> bool:
        """A chat of somebody's own account, where some are nobody's business."""
        return private.is_personal(self.kind, self.chat)


_HEAD = f"""
SELECT c.id, app_now() AS now, c.contact_id, p.name, p.phone, c.connection_id, k.kind, k.name AS channel,
  k.state AS channel_state, c.state, {sql.HOLDER} AS holder, c.assignee_id,
  coalesce(nullif(u.name, ''), u.email, '') AS assignee, c.waiting_since, c.snoozed_until, c.blocked_at,
  c.not_a_client, c.is_private, c.chat, c.unread, c.draft, c.generation, l.id AS lead_id, l.status AS lead_status
FROM conversations_conversation c
{sql.TENANT}
JOIN conversations_contact p ON p.tenant_id = %(tenant)s AND p.id = c.contact_id
JOIN connections_connection k ON k.tenant_id = %(tenant)s AND k.id = c.connection_id
LEFT JOIN tenants_user u ON u.id = c.assignee_id
LEFT JOIN leads_lead l ON l.tenant_id = %(tenant)s AND l.contact_id = c.contact_id
  AND l.status IN ('new', 'contacted', 'qualified') AND l.external_id = ''
WHERE c.tenant_id = %(tenant)s AND c.id = %(id)s
"""


def head(conversation_id: int) -> Head | None:
    """The thread's head, None for one that is not this tenant's."""
    rows = sql.fetch(_HEAD, {"tenant": wall.current_tenant_id(), "id": conversation_id})
    return Head(**rows[0]) if rows else None


@dataclasses.dataclass
class Line:
    """One line of a thread. `sort` is message, note or step."""

    sort: str
    id: int
    at: dt.datetime
    who: str
    user_id: int | None
    direction: str
    author: str
    kind: str
    text: str
    buttons: list[list[dict[str, str]]]
    media: list[dict[str, Any]]
    state: str
    error: str
    edited: bool
    deleted: bool
    subject: str
    hint: str
    automatic: str
    wordings: list[dict[str, str]]
    # What the message answers, shortened; "" when it answers none that we know.
    quoted: str
    # Parts of an album share it; they are shown as one line.
    group_key: str
    files: list[Shown]
    # Set when the page is put together.
    first_of_day: bool = False
    first_unread: bool = False
    continues: bool = False

    @property
    def ours(self) -> bool:
        """Written on our side."""
        return self.sort == "message" and self.direction == Direction.OUT

    @property
    def by_robot(self) -> bool:
        """Written by the assistant or sent by itself."""
        return self.ours and self.author in (Author.ASSISTANT, Author.SYSTEM)

    @property
    def call(self) -> dict[str, Any] | None:
        """A phone call's facts (see `conversations.calls.facts`)."""
        return next((fact for fact in self.media if fact.get("kind") == "call"), None)

    @property
    def has_words(self) -> bool:
        """Whether there is anything to read beside the files."""
        facts = (self.text, self.subject, self.quoted, self.hint, self.media, self.deleted)
        return any(facts) or self.kind in ("story", "comment") or not self.files

    @property
    def is_album(self) -> bool:
        """Whether several pictures stand together."""
        return sum(file.look in ("picture", "film") for file in self.files) > 1

    @property
    def unsure(self) -> bool:
        """It is not known whether it arrived."""
        return self.state == MessageState.IN_DOUBT

    @property
    def failed(self) -> bool:
        """It did not arrive."""
        return self.state == MessageState.FAILED

    @property
    def said(self) -> str:
        """What a step is, in words."""
        return str(Step.Kind(self.kind).label)


_LINES = """
SELECT * FROM (
  (SELECT 'message' AS sort, m.id, m.created_at AS at, coalesce(nullif(u.name, ''), u.email, '') AS who, m.user_id,
    m.direction, m.author, m.kind, m.text, m.buttons, m.media, m.state, m.error, m.edited_at IS NOT NULL AS edited,
    m.deleted_at IS NOT NULL AS deleted, m.subject, m.hint, m.automatic, m.wordings,
    CASE WHEN m.reply_to = '' THEN '' ELSE coalesce((SELECT left(q.text, 120) FROM conversations_message q
      WHERE q.tenant_id = m.tenant_id AND q.external_id = m.reply_to AND q.conversation_id = m.conversation_id
      LIMIT 1), '') END AS quoted, m.group_key,
    (SELECT json_agg(json_build_object({file}) ORDER BY f.position) FROM conversations_mediafile f
      WHERE f.tenant_id = m.tenant_id AND f.message_id = m.id) AS files
  FROM conversations_message m LEFT JOIN tenants_user u ON u.id = m.user_id
  WHERE m.tenant_id = %(tenant)s AND m.conversation_id = %(id)s {bound_message}
  ORDER BY m.created_at DESC, m.id DESC LIMIT %(most)s)
  UNION ALL
  (SELECT 'note', n.id, n.created_at, coalesce(nullif(u.name, ''), u.email, ''), n.user_id, '', '', 'text', n.text,
    '[]'::jsonb, '[]'::jsonb, '', '', false, false, '', '', '', '[]'::jsonb, '', '', NULL::json
  FROM conversations_note n LEFT JOIN tenants_user u ON u.id = n.user_id
  WHERE n.tenant_id = %(tenant)s AND n.conversation_id = %(id)s {bound_note}
  ORDER BY n.created_at DESC, n.id DESC LIMIT %(most)s)
  UNION ALL
  (SELECT 'step', s.id, s.at, coalesce(nullif(u.name, ''), u.email, ''), s.user_id, '', '', s.kind, s.text,
    '[]'::jsonb, '[]'::jsonb, '', '', false, false, '', '', '', '[]'::jsonb, '', '', NULL::json
  FROM inbox_step s LEFT JOIN tenants_user u ON u.id = s.user_id
  WHERE s.tenant_id = %(tenant)s AND s.conversation_id = %(id)s {bound_step}
  ORDER BY s.at DESC, s.id DESC LIMIT %(most)s)
) line ORDER BY at DESC, sort DESC, id DESC LIMIT %(most)s
"""
_FILE = ", ".join(f"'{name}', f.{name}" for name in (*shown.COLUMNS, "last_error"))
_BEFORE = {"message": "m.created_at", "note": "n.created_at", "step": "s.at"}


def moment(value: str) -> dt.datetime | None:
    """A moment as it stands in an address (microseconds since 1970), None for what is none."""
    if not value.isascii() or not value.isdigit() or len(value) > 16:
        return None
    return EPOCH + dt.timedelta(microseconds=int(value))


@dataclasses.dataclass(frozen=True)
class Story:
    """Lines, oldest first. `start` is the moment of the first one, `more` whether there are older ones."""

    lines: list[Line]
    start: dt.datetime | None
    more: bool
    # The id of the client's newest message here, 0 when there is none.
    last_incoming: int = 0

    @property
    def since(self) -> str:
        """`start` as it stands in an address; "" where there is nothing yet."""
        return "" if self.start is None else str((self.start - EPOCH) // dt.timedelta(microseconds=1))


def story(
    conversation_id: int,
    *,
    unread: int = 0,
    since: dt.datetime | None = None,
    before: dt.datetime | None = None,
    zone: dt.tzinfo,
) -> Story:
    """The newest lines of a thread, or those before a moment, or all from a moment on, in one statement.

    `unread` is how many of the last incoming messages nobody has seen: the first of them gets the line "new".
    """
    most = MOST if since else PAGE
    sign, bound = ("<", before) if before else (">=", since)
    bounds = {
        f"bound_{sort}": f"AND {column} {sign} %(bound)s" if bound else "" for sort, column in _BEFORE.items()
    }
    found = sql.fetch(
        _LINES.format(file=_FILE, **bounds),
        {"tenant": wall.current_tenant_id(), "id": conversation_id, "most": most + 1, "bound": bound},
    )
    more = len(found) > most or since is not None
    lines = [
        Line(**row | {name: sql.parsed(row[name]) for name in ("buttons", "media", "wordings")} | _files(row))
        for row in reversed(found[:most])
    ]
    _mark(lines, unread=unread, zone=zone)
    last = max((line.id for line in lines if line.direction == Direction.IN), default=0)
    return Story(_folded(lines), lines[0].at if lines else since, more, last)


def _files(row: dict[str, Any]) -> dict[str, list[Shown]]:
    files = sql.parsed(row["files"]) or []
    return {"files": [shown.of_row(file, url=reverse("inbox:file", args=[file["id"]])) for file in files]}


def _folded(lines: list[Line]) -> list[Line]:
    """The parts of an album as one line: the first one, with all that the others bring."""
    folded: list[Line] = []
    for line in lines:
        first = folded[-1] if folded else None
        if (
            first
            and line.group_key
            and not (line.deleted or first.deleted)
            and (
                (first.sort, first.direction, first.group_key) == (line.sort, line.direction, line.group_key)
            )
        ):
            first.files += line.files
            first.text = "\n".join(part for part in (first.text, line.text) if part)
            first.first_unread = first.first_unread or line.first_unread
        else:
            folded.append(line)
    return folded


def _mark(lines: list[Line], *, unread: int, zone: dt.tzinfo) -> None:
    """Days, the line "new", and which words follow others of the same mouth."""
    incoming = [line for line in lines if line.sort == "message" and line.direction == Direction.IN]
    if unread and incoming:
        incoming[-min(unread, len(incoming))].first_unread = True
    previous: Line | None = None
    for line in lines:
        line.first_of_day = (
            previous is None or previous.at.astimezone(zone).date() != line.at.astimezone(zone).date()
        )
        line.continues = bool(
            previous
            and not line.first_of_day
            and not line.first_unread
            and (previous.sort, previous.direction, previous.author, previous.user_id)
            == (line.sort, line.direction, line.author, line.user_id)
            and line.at - previous.at < dt.timedelta(minutes=5)
        )
        previous = line
