"""The queue of colleagues' files: fetched from the group's provider, stored, and sent to the client as an answer.

Fetching twice is harmless and the answer has a key of its own, so a row stays `claimed` all the time: a worker's death
only means that another one begins anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import logging
import tempfile
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from connections import accounts
from conversations import outbox, shown, uploads
from conversations.models import MediaFile
from inbox import holding
from inbox.group import answering, people, plan, words
from inbox.group.crew import Crew
from inbox.group.models import StaffFile, Topic
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Capabilities, Media, Settings
from kit import download
from tenants import clock, secrets, wall
from work import sweep
from work.claim import Claim
from work.rows import LeaseLost, State

log = logging.getLogger(__name__)

QUEUE = "group_files"
PLACE = "group:file"
# Longer than finding an address, fetching and storing may take together.
LEASE = dt.timedelta(seconds=240)


def keep(
    topic: Topic,
    who: people.Colleague,
    media: Media,
    *,
    message: str,
    position: int,
    text: str,
    now: dt.datetime,
) -> None:
    """Promises a file of a colleague's message (`message` is its external id) to the client."""
    told = {key: value for key, value in dataclasses.asdict(media).items() if value not in (None, "")}
    sealed = secrets.seal(json.dumps(told), tenant_id=wall.current_tenant_id(), place=PLACE)
    StaffFile.objects.get_or_create(
        topic=topic,
        external_id=message[:200],
        position=position,
        defaults={
            "user": who.user,
            "name": who.name,
            "sealed_source": sealed,
            "text": text,
            "due_at": now,
            "created_at": now,
        },
    )
    sweep.nudge(QUEUE)


# ---------------------------------------------------------------- the queue's run
@dataclasses.dataclass(frozen=True)
class _Job:
    """What is needed while no transaction is open."""

    claim: Claim
    kind: str
    settings: Settings
    media: Media
    capabilities: Capabilities


def _work(claim: Claim) -> None:
    try:
        with wall.tenant_tx(claim.tenant_id):
            job = _job(claim)
        if job is not None:
            with tempfile.TemporaryFile() as file:
                _send(job, cast("BinaryIO", file))
    except LeaseLost:
        log.info("file %s is somebody else's by now", claim.id)
    except sweep.AWAY:
        raise  # the lease ends, and it is done then
    except Exception as error:
        _failed(claim, error)


_crew = Crew("group-files", _work)
carry, wait = _crew.carry, _crew.wait


def _row(claim: Claim) -> StaffFile | None:
    rows = StaffFile.objects.select_for_update(of=("self",)).select_related(
        "topic__group__connection", "topic__conversation__contact", "topic__conversation__connection", "user"
    )
    return rows.filter(pk=claim.id, lease_token=claim.token, state=State.CLAIMED).first()


def _job(claim: Claim) -> _Job | None:
    row = _row(claim)
    if row is None:
        return None
    account = row.topic.group.connection
    told = secrets.unseal(row.sealed_source, tenant_id=row.tenant_id, place=PLACE)
    return _Job(
        claim,
        account.kind,
        accounts.settings_of(account),
        Media(**json.loads(told)),
        uploads.capabilities_of(row.topic.conversation),
    )


def _send(job: _Job, file: BinaryIO) -> None:
    call = registry.channel(job.kind).locate(job.settings, job.media)
    if call is None:
        raise uploads.CannotAttach(_("The messenger does not hand this file over."))
    request = accounts.run(job.settings, call)
    way = accounts.way_out(job.settings)
    size = download.fetch(request, file, largest=uploads.MOST_BYTES, proxy=way).size
    file.seek(0)
    with wall.tenant_tx(job.claim.tenant_id), plan.in_tenants_words():
        kept = uploads.reserve(
            file,
            owner=f"group:{job.claim.id}",
            name=job.media.name,
            size=size,
            capabilities=job.capabilities,
            now=clock.now(),
        )
    uploads.fill(kept, file)
    with wall.tenant_tx(job.claim.tenant_id), plan.in_tenants_words():
        _answered(job.claim, kept)


def _answered(claim: Claim, file: MediaFile) -> None:
    row = _row(claim)
    if row is None:
        return
    who = people.Colleague(row.user.get_full_name() if row.user else row.name, row.user)
    thread = holding.locked(row.topic.conversation_id)
    answering.answer(
        thread,
        who,
        text=row.text,
        key=answering.key_of(row.topic.group, f"{row.external_id}/{row.position}"),
        now=clock.now(),
        attached=[file],
    )
    row.finish(token=claim.token)


# ---------------------------------------------------------------- what went wrong
def _failed(claim: Claim, error: Exception) -> None:
    with contextlib.suppress(LeaseLost), wall.tenant_tx(claim.tenant_id), plan.in_tenants_words():
        row = _row(claim)
        if row is None:
            return
        said = _said(error)
        if isinstance(error, Retry) and error.after is not None:
            row.retry(token=claim.token, error=said, after=dt.timedelta(seconds=error.after))
        elif isinstance(error, (Rejected, uploads.CannotAttach, outbox.CannotWrite, download.TooLarge)):
            row.finish(token=claim.token, state=State.DEAD, error=said)
        else:
            if not isinstance(error, (Retry, Unreachable, Uncertain, download.Refused, OSError)):
                log.error("file %s failed", claim.id, exc_info=error)
            row.retry(token=claim.token, error=said)
        if row.state == State.DEAD:
            _tell(row, said)


def _said(error: Exception) -> str:
    match error:
        case download.TooLarge():
            return _("it is larger than %(size)s") % {"size": shown.megabytes(uploads.MOST_BYTES)}
        case Rejected():
            return error.reason
        case uploads.CannotAttach() | outbox.CannotWrite():
            return str(error)
    return _("it could not be fetched")


def _tell(row: StaffFile, reason: str) -> None:
    topic = row.topic
    text = _("The file did not go to the client: %(reason)s. Send it from the inbox: %(url)s")
    told = {"reason": reason.rstrip("."), "url": words.link(topic.conversation)}
    plan.say(
        topic,
        words.notice(topic, text % told),
        key=f"nofile:{row.pk}",
        reply_to=row.external_id,
        now=clock.now(),
    )
