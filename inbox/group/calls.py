"""One call of a row: what it says, made of rows as they stand at this moment."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from connections import accounts
from conversations import shown
from conversations.models import MediaFile, MessageState
from inbox.group import card, plan, words
from inbox.group.models import Mirror, StaffGroup, Topic
from integrations import registry
from integrations.protocols.channel import Button, OutgoingMedia, Settings, text_length
from integrations.protocols.group import Group, Posting, Rows
from kit import http, storage
from work.claim import Claim
from work.rows import CALL_LEASE, State

# So many words that wait for one topic are put together into one message.
TOGETHER = 30
_SAYS = (Mirror.Kind.SAY, Mirror.Kind.FILE)


@dataclasses.dataclass
class Job:
    """A claimed row, with what its calls need while no transaction is open."""

    claim: Claim
    row: Mirror
    group: StaffGroup
    wire: Group
    settings: Settings
    topic: Topic | None
    # Rows that go out with it.
    rows: list[Mirror] = dataclasses.field(default_factory=list)

    @property
    def chat(self) -> str:
        """The provider's name of the group."""
        return self.group.chat

    def run(self, call: http.Call[Any]) -> Any:
        """Makes a call by the account's way out. Raises the errors of `integrations.errors`."""
        return accounts.run(self.settings, call)


@dataclasses.dataclass(frozen=True)
class Step:
    """A call to make. `kept` records its result in the tenant's transaction.

    `says`: were it repeated, colleagues would read the same twice. `proves`: nothing is lacking where it goes through.
    """

    call: Callable[[], http.Call[Any]]
    kept: Callable[[Any], None]
    says: bool = False
    proves: bool = False


def job_of(claim: Claim) -> Job | None:
    """The job of a claimed row, locked; None when it is somebody else's by now."""
    rows = Mirror.objects.select_for_update(of=("self",)).select_related(
        "group__connection", "topic__conversation__contact", "topic__conversation__connection", "message"
    )
    row = rows.filter(pk=claim.id, lease_token=claim.token, state=State.CLAIMED).first()
    if row is None:
        return None
    account = row.group.connection
    topic = row.topic
    if topic is not None:
        topic.group = row.group
    return Job(
        claim,
        row,
        row.group,
        registry.groups[account.kind],
        accounts.settings_of(account),
        topic,
        rows=[row],
    )


# ---------------------------------------------------------------- what has to stand there first
def first(job: Job, *, now: Any) -> Step | None:
    """The topic, then the card: what a row needs before it is shown; None when all is there."""
    topic = job.topic
    if topic is None or job.row.kind not in _SAYS:
        return None
    if job.wire.capabilities.topics and not topic.number:
        name = words.topic_name(topic)
        return Step(
            lambda: job.wire.open_topic(job.settings, job.chat, name),
            lambda number: _opened(topic, str(number), name),
            proves=True,
        )
    if not topic.card:
        shown_card = card.of(topic, now=now)
        posting = Posting(
            chat=job.chat,
            topic=topic.number,
            text=_fitting(job, shown_card.text),
            buttons=shown_card.buttons,
            pin=job.wire.capabilities.topics,
            key=f"card:{topic.pk}:{job.claim.token}",
        )
        return Step(
            lambda: job.wire.post(job.settings, posting),
            lambda sent: _carded(topic, sent.external_id, shown_card.digest, now=now),
            proves=not job.wire.capabilities.topics,
        )
    return None


def _opened(topic: Topic, number: str, name: str) -> None:
    Topic.objects.filter(pk=topic.pk).update(number=number[:40], name=name, card="", card_digest="")
    topic.number, topic.name, topic.card = number, name, ""


def _carded(topic: Topic, external_id: str, digest: str, *, now: Any) -> None:
    Topic.objects.filter(pk=topic.pk).update(card=external_id[:200], card_digest=digest)
    topic.card, topic.card_digest = external_id, digest
    # What changed while it was on its way.
    plan.card(topic, now=now)


# ---------------------------------------------------------------- the row itself
def main(job: Job, *, now: Any) -> Step | None:
    """The call of the row; None when there is nothing to do any more."""
    topic = job.topic
    assert topic is not None
    match job.row.kind:
        case Mirror.Kind.SAY:
            return _say(job, topic)
        case Mirror.Kind.FILE:
            return _file(job, topic)
        case Mirror.Kind.CARD:
            return _card(job, topic, now=now)
        case _ if not topic.number:
            return None
        case Mirror.Kind.RENAME:
            name, number = words.topic_name(topic), topic.number
            if name == topic.name:
                return None
            return Step(
                lambda: job.wire.rename_topic(job.settings, job.chat, number, name),
                lambda _result: _named(topic, name),
            )
        case _:
            closed, number = job.row.kind == Mirror.Kind.CLOSE, topic.number
            return Step(
                lambda: job.wire.close_topic(job.settings, job.chat, number, closed=closed),
                lambda _result: None,
            )


def _named(topic: Topic, name: str) -> None:
    Topic.objects.filter(pk=topic.pk).update(name=name)


def _card(job: Job, topic: Topic, *, now: Any) -> Step | None:
    found, message = card.of(topic, now=now), topic.card
    # Where there is none yet, the first word brings it.
    if not message or found.digest == topic.card_digest:
        return None
    return Step(
        lambda: job.wire.edit(job.settings, job.chat, message, _fitting(job, found.text), found.buttons),
        lambda _result: _changed(topic, message, found.digest),
    )


def _changed(topic: Topic, message: str, digest: str) -> None:
    # Another card may have taken its place meanwhile.
    Topic.objects.filter(pk=topic.pk, card=message).update(card_digest=digest)


def _say(job: Job, topic: Topic) -> Step:
    """The words of the row, and of those behind it that wait already."""
    text, last = job.row.text, job.row
    capabilities = job.wire.capabilities
    for row in _behind(job):
        longer = f"{text}\n\n{row.text}"
        if last.buttons or text_length(longer, capabilities.text_unit) > capabilities.max_text:
            break
        text, last = longer, row
        job.rows.append(row)
    _claim(job)
    posting = Posting(
        chat=job.chat,
        topic=topic.number,
        text=text,
        buttons=_buttons(last),
        reply_to=job.row.reply_to or None,
        key=f"mirror:{job.row.pk}",
    )
    return Step(lambda: job.wire.post(job.settings, posting), lambda _sent: None, says=True)


def _behind(job: Job) -> list[Mirror]:
    rows = Mirror.objects.select_for_update(of=("self",), skip_locked=True).select_related("message")
    found = []
    # Whatever stands between keeps its place.
    for row in rows.filter(thread=job.row.thread, pk__gt=job.row.pk, state=State.PENDING).order_by("id")[
        :TOGETHER
    ]:
        if row.kind != Mirror.Kind.SAY or row.reply_to or is_taken_back(row):
            break
        found.append(row)
    return found


def is_taken_back(row: Mirror) -> bool:
    """Whether the message it shows will never go to the client."""
    return row.message is not None and row.message.state == MessageState.CANCELLED


def _claim(job: Job) -> None:
    """Rows that go out together are ours together."""
    if len(job.rows) > 1:
        Mirror.objects.filter(pk__in=[row.pk for row in job.rows[1:]], state=State.PENDING).update(
            state=State.CLAIMED,
            attempts=F("attempts") + 1,
            lease_token=job.claim.token,
            lease_until=Now() + CALL_LEASE,
        )


def _file(job: Job, topic: Topic) -> Step:
    """The file itself where the group takes such, else what it is and where it can be seen."""
    file = job.row.file
    assert file is not None
    kind = _kind(job, file)
    if kind is None:
        job.row.text = f"{job.row.text}\n{_described(topic, file)}"
        return _say(job, topic)
    capabilities = job.wire.capabilities
    facts = shown.of(file)
    caption = (
        job.row.text if text_length(job.row.text, capabilities.text_unit) <= capabilities.max_caption else ""
    )
    posting = Posting(chat=job.chat, topic=topic.number, text=caption, buttons=(), key=f"mirror:{job.row.pk}")

    def call() -> http.Call[Any]:
        content = yield http.Work(functools.partial(_read, file.key))
        media = OutgoingMedia(kind=kind, name=facts.file_name, mime=file.mime, content=content)
        return (yield from job.wire.post(job.settings, dataclasses.replace(posting, media=media)))

    return Step(call, lambda _sent: None, says=True)


def _read(key: str) -> bytes:
    try:
        return storage.read(key)
    except (storage.Missing, OSError) as error:
        raise http.Unreachable("the file could not be read") from error


# What a kind of file is shown as, best first.
_AS = {
    "sticker": ("image", "document"),
    "animation": ("video", "document"),
    "voice": ("voice", "audio", "document"),
}


def _kind(job: Job, file: MediaFile) -> str | None:
    capabilities = job.wire.capabilities
    if file.state != State.DONE or not file.key or (file.size or 0) > capabilities.max_media:
        return None
    wanted = _AS.get(file.kind, (file.kind, "document"))
    return next((kind for kind in wanted if kind in capabilities.media), None)


def _described(topic: Topic, file: MediaFile) -> str:
    what = shown.in_words(file.kind, name=file.name, seconds=file.seconds)
    return _("%(file)s: see it in the inbox, %(url)s") % {"file": what, "url": words.link(topic.conversation)}


def as_words(job: Job) -> None:
    """A file that the group does not take is told of instead."""
    assert job.topic is not None
    assert job.row.file is not None
    text = f"{job.row.text}\n{_described(job.topic, job.row.file)}"
    Mirror.objects.filter(pk=job.row.pk).update(kind=Mirror.Kind.SAY, text=text)


def _buttons(row: Mirror) -> Rows:
    return tuple(tuple(Button(label, value) for label, value in line) for line in row.buttons)


def _fitting(job: Job, text: str) -> str:
    """Notes and names of any length: a card is one message."""
    most = job.wire.capabilities.max_text
    return text if text_length(text, job.wire.capabilities.text_unit) <= most else text[: most // 2]
