"""The queue of files: fetched from the provider with no transaction open, looked at, stored, and shown.

A person waits for a photo, so `dispatch` itself does it; a handful of threads, so that a slow provider holds up its
own files alone. Fetching twice is harmless, so a row stays `claimed` all the time, and a worker's death only means
that another one begins anew when the lease is over.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import queue
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import BinaryIO

from django.db import connection as database
from django.utils.translation import gettext as _

from connections import accounts, intake
from conversations import media, shown, signals, uploads
from conversations.models import MediaFile
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import HookRequest, Media
from kit import download, filetypes, storage
from kit.text import storable
from tenants import clock, wall
from work import sweep
from work.claim import Claim
from work.rows import DurableRow, LeaseLost, State

log = logging.getLogger(__name__)

THREADS = 8
# So many may be begun and not ended; beyond it no more are claimed.
UNDER_WAY = 2 * THREADS
PATIENCE_SECONDS = 0.5
# Longer than finding an address, fetching and storing may take together.
LEASE = dt.timedelta(seconds=240)
# An address that gives nothing is asked for anew so often.
DEAD_ADDRESSES = 3
_MENDED = dt.timedelta(minutes=10)
# Bytes by kind of file; a larger one is left where it is.
LARGEST = {"sticker": 5_000_000, "image": 25_000_000}
LARGEST_OTHERS = 50_000_000


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to fetch: everything that is needed while no transaction is open."""

    claim: Claim
    attempts: int
    kind: str
    key: str
    # None: the stored file of `key` is to be taken away, for no message holds it.
    source: Media | None
    channel: str = ""
    account_id: int = 0
    settings: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    event: HookRequest | None = None


@dataclasses.dataclass(frozen=True)
class Stored:
    """What was fetched, as it lies in the storage."""

    size: int
    type: filetypes.FileType
    picture: tuple[int, int] | None


class NoFile(Exception):
    """There is nothing to fetch, and never will be; the message says why."""


# ---------------------------------------------------------------- the queue's run
class _Crew:
    """Daemon threads that fetch; a process that ends does not wait for a slow provider."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[Claim] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._under_way = 0
        self._threads = 0

    def take(self, claims: Sequence[Claim]) -> None:
        """Begins them, waits a moment for their end, and longer where too many are under way."""
        with self._changed:
            self._under_way += len(claims)
            while self._threads < min(THREADS, self._under_way):
                self._threads += 1
                threading.Thread(target=self._work, name=f"media-{self._threads}", daemon=True).start()
        for claim in claims:
            self._todo.put(claim)
        end = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, timeout=max(0.0, end - time.monotonic()))
            self._changed.wait_for(lambda: self._under_way <= UNDER_WAY - THREADS)

    def wait(self) -> int:
        """Returns when none is under way any more; says how many were."""
        with self._changed:
            were = self._under_way
            self._changed.wait_for(lambda: not self._under_way)
        return were

    def _work(self) -> None:
        while True:
            claim = self._todo.get()
            try:
                fetch(claim)
            except sweep.AWAY as error:  # the lease ends, and it is fetched then
                log.warning("file %s: the database is away: %s", claim.id, str(error).strip())
            except Exception as error:
                log.exception("file %s failed", claim.id)
                with contextlib.suppress(Exception):
                    sweep.put_off(MediaFile, claim, error, died=_told)
            finally:
                with contextlib.suppress(Exception):
                    database.close()
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()


_crew = _Crew()
run, wait = _crew.take, _crew.wait


def fetch(claim: Claim) -> None:
    """Fetches one file and records what became of it."""
    with wall.tenant_tx(claim.tenant_id):
        job = _job(claim)
    if job is None:
        return
    if job.source is None:
        _take_away(job)
        return
    outcome: Stored | Exception
    try:
        outcome = _fetched(job, job.source)
    except (Retry, Rejected, Unreachable, Uncertain) as failure:
        outcome = failure
    except (NoFile, download.Refused, download.TooLarge, OSError) as failure:
        outcome = failure
    with contextlib.suppress(LeaseLost), wall.tenant_tx(claim.tenant_id):
        _record(job, outcome)


def _job(claim: Claim) -> Job | None:
    rows = MediaFile.objects.select_related("message__conversation__connection", "message__event")
    row = rows.filter(pk=claim.id, lease_token=claim.token, state=State.CLAIMED).first()
    if row is None:
        return None
    if row.message is None:
        return Job(claim, row.attempts, row.kind, row.key, None)
    account, event = row.message.conversation.connection, row.message.event
    return Job(
        claim,
        row.attempts,
        row.kind,
        row.key or uploads.new_key(row.tenant_id, row.created_at),
        media.source_of(row),
        channel=account.kind,
        account_id=account.pk,
        settings=accounts.settings_of(account),
        event=intake.request_of(event) if event is not None else None,
    )


def _take_away(job: Job) -> None:
    """Removes a file that no message holds: never sent, or replaced."""
    try:
        storage.delete(job.key)
    except (Unreachable, OSError) as error:
        with contextlib.suppress(LeaseLost), wall.tenant_tx(job.claim.tenant_id):
            MediaFile.objects.get(pk=job.claim.id).retry(token=job.claim.token, error=str(error))
        return
    with wall.tenant_tx(job.claim.tenant_id):
        MediaFile.objects.filter(pk=job.claim.id, message=None).delete()


# ---------------------------------------------------------------- fetching
def _fetched(job: Job, source: Media) -> Stored:
    largest = LARGEST.get(job.kind, LARGEST_OTHERS)
    if source.size is not None and source.size > largest:
        raise download.TooLarge
    with tempfile.TemporaryFile() as file:
        size = _into(file, job, source, largest)
        if not size:
            raise NoFile(_("The provider gave an empty file."))
        file.seek(0)
        head = file.read(filetypes.HEAD)
        file.seek(0)
        storage.put(job.key, file)
    return Stored(size, filetypes.look(head, said=job.kind), filetypes.picture_size(head))


def _into(file: BinaryIO, job: Job, source: Media, largest: int) -> int:
    """Writes the file's bytes: out of the stored event where they lie in it, else from where the wire says."""
    wire = registry.channel(job.channel)
    inside = wire.extract(job.event, source) if job.event is not None else None
    if inside is not None:
        if len(inside) > largest:
            raise download.TooLarge
        return file.write(inside)
    call = wire.locate(job.settings, source)
    if call is None:
        raise NoFile(_("This channel does not hand the file over: open it in the messenger."))
    request = accounts.run(job.settings, call)
    way = accounts.way_out(job.settings)
    return download.fetch(request, file, largest=largest, proxy=way).size


# ---------------------------------------------------------------- recording
def _record(job: Job, outcome: Stored | Exception) -> None:
    row = MediaFile.objects.select_related("message").get(pk=job.claim.id)
    token = job.claim.token
    match outcome:
        case Stored():
            picture = outcome.picture or (row.width, row.height)
            row.finish(
                token=token, key=job.key, mime=outcome.type.mime, size=outcome.size, width=picture[0],
                height=picture[1],
            )  # fmt: skip
        case Retry():
            after = None if outcome.after is None else dt.timedelta(seconds=outcome.after)
            row.retry(token=token, error=_("The provider asks to come later."), after=after)
        case Rejected() if outcome.revoked:
            account = row.message.conversation.connection
            accounts.note_trouble(account, reason=outcome.reason, broken=True)
            row.retry(token=token, error=_("The channel is broken: mend it in Setup."), after=_MENDED)
        case Rejected():
            row.finish(token=token, state=State.DEAD, error=storable(outcome.reason)[:500])
        case NoFile():
            row.finish(token=token, state=State.DEAD, error=str(outcome))
        case download.TooLarge():
            most = shown.megabytes(LARGEST.get(job.kind, LARGEST_OTHERS))
            error = _("It is larger than %(size)s: open it in the messenger.") % {"size": most}
            row.finish(token=token, state=State.DEAD, error=error)
        case download.Refused() if job.attempts >= DEAD_ADDRESSES:
            row.finish(
                token=token, state=State.DEAD, error=_("The provider does not have this file any more.")
            )
        case download.Refused():
            row.retry(token=token, error=_("The provider did not give the file."))
        case OSError():
            log.warning("file %s could not be stored: %s", row.pk, outcome)
            row.retry(token=token, error=_("The file could not be stored here."))
        case _:
            log.info("file %s: %s", row.pk, outcome)
            row.retry(token=token, error=_("The provider could not be reached."))
    if row.state in (State.DONE, State.DEAD):
        _told(row)


def _told(row: DurableRow) -> None:
    """Tells that it is known what became of a file."""
    assert isinstance(row, MediaFile)
    if row.message_id is not None:
        signals.file_settled.send(MediaFile, file=row, message=row.message, now=clock.now())
