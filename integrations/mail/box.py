"""The tenant's mailbox by IMAP: new letters, and what the folder of sent letters proves.

A letter is known by (folder, UIDVALIDITY, uid). The cursor is "validity:uid" of the box, and behind a blank the same
of the folder of sent letters: the owner answers in a mail program too. Where the validity has changed, every number is
void: the last days are read again, and letters told twice are known by their Message-ID.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from integrations import errors
from integrations.mail import outcome, parse
from integrations.protocols.channel import HookRequest, Polled, Sent, Settings
from kit import http, imap
from kit.mail import Refused, Server

T = TypeVar("T")

MOST_LETTERS = 50
"""Letters that one poll brings from a folder; the next goes on behind them."""
MOST_BYTES = 30_000_000
LARGEST = 25_000_000
"""A larger letter comes with the beginning of its body only."""
BEGINNING = 262_144
RESCANNED = timedelta(days=3)
LOOKED_BACK = timedelta(days=30)
# A server files what it has sent a moment later.
SETTLED = 120.0
_CURSOR = re.compile(r"(\d{1,10}):(\d{1,10})(?: (\d{1,10}):(\d{1,10}))?\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a folder has been read to."""

    validity: int = 0
    uid: int = 0

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}"


def poll(settings: Settings, cursor: str) -> http.Call[Polled]:
    """Letters since `cursor`; at the first time none, only the cursor."""
    server = _server(settings)

    def look(box: imap.Mailbox) -> Polled:
        inbox, sent = _places(cursor)
        requests, inbox = _new(box, server.folder or "INBOX", inbox, subpath="imap")
        folder = box.sent_folder()
        if folder:
            # The newer folder's loss costs nothing: its place stays and is read next time.
            with contextlib.suppress(Refused):
                theirs, sent = _new(box, folder, sent, subpath=parse.SENT)
                requests += theirs
        return Polled(requests=tuple(requests), cursor=f"{inbox} {sent}" if sent.validity else str(inbox))

    return (yield from _with_box(server, look))


def check(settings: Settings) -> http.Call[None]:
    """Logs in and opens the folder."""
    server = _server(settings)

    def look(box: imap.Mailbox) -> None:
        box.open(server.folder or "INBOX")

    yield from _with_box(server, look)


def keep(settings: Settings, letter: bytes) -> http.Call[None]:
    """Puts a letter of ours into the folder of sent letters, where there is one."""

    def put(box: imap.Mailbox) -> None:
        folder = box.sent_folder()
        if folder:
            box.append(folder, letter)

    yield from _with_box(_server(settings), put)


def sent(settings: Settings, ident: str, since: datetime, *, kept_by_us: bool) -> http.Call[Sent | None]:
    """Does the letter `ident` lie in the folder of sent letters?

    That it does not proves something only in a box that files what it sends, seen by other letters of ours there;
    else the answer stays Uncertain. Raises Retry while the server may still be filing.
    """
    if time.time() - since.timestamp() < SETTLED:
        raise errors.Retry(SETTLED, "too early to look")

    def look(box: imap.Mailbox) -> Sent | None:
        folder = box.sent_folder()
        if not folder:
            raise errors.Uncertain("the mailbox shows no folder of sent letters")
        box.open(folder)
        if box.with_header("Message-ID", f"<{ident}>"):
            return Sent(ident, raw_state="found among sent letters")
        day = (datetime.now(UTC) - LOOKED_BACK).date()
        if kept_by_us or not set(box.since(day)) & set(box.with_header("X-Marzha-Id", "")):
            raise errors.Uncertain("this mailbox does not file what it sends")
        return None

    return (yield from _with_box(_server(settings), look))


def _server(settings: Settings) -> Server:
    return outcome.address(settings.get("imap_url") or "", "imap")


def _with_box(server: Server, do: Callable[[imap.Mailbox], T]) -> http.Call[T]:
    def look() -> T:
        with imap.mailbox(server) as box:
            return do(box)

    return outcome.session(look, outcome.of_imap)


def _places(cursor: str) -> tuple[Place, Place]:
    match = _CURSOR.match(cursor)
    if not match:
        return Place(), Place()
    sent = Place(int(match[3]), int(match[4])) if match[3] else Place()
    return Place(int(match[1]), int(match[2])), sent


def _new(box: imap.Mailbox, folder: str, place: Place, *, subpath: str) -> tuple[list[HookRequest], Place]:
    """What came into a folder behind `place`, and the place behind it."""
    opened = box.open(folder)
    if not place.validity:
        return [], Place(opened.validity, opened.following - 1)  # history is left out
    if place.validity != opened.validity:
        uids = box.since((datetime.now(UTC) - RESCANNED).date())
        reached = opened.following - 1
    else:
        uids, reached = box.after(place.uid), place.uid
    sizes = box.sizes(uids)
    requests: list[HookRequest] = []
    taken = 0
    for uid in uids:
        size = sizes.get(uid, 0)
        if requests and (len(requests) >= MOST_LETTERS or taken + min(size, LARGEST) > MOST_BYTES):
            # Those left out have higher numbers: the next poll begins with them.
            return requests, Place(opened.validity, uid - 1)
        raw = _fetched(box, uid, size)
        taken += len(raw)
        if raw:
            headers = {"content-type": "message/rfc822"}
            requests.append(HookRequest(subpath=subpath, headers=headers, body=raw))
    return requests, Place(opened.validity, max([reached, *uids]))


def _fetched(box: imap.Mailbox, uid: int, size: int) -> bytes:
    if size <= LARGEST:
        return box.fetch(uid)
    head, text = box.fetch(uid, "HEADER"), box.fetch(uid, f"TEXT<0.{BEGINNING}>")
    return f"{parse.CUT}: {size}\r\n".encode() + head + text
