"""Who writes and about which advertisement, asked at the provider where the messages do not say it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from connections import accounts
from conversations import contacts, signals
from conversations.models import Conversation, Direction, Identity, Lookup, Message
from integrations import registry
from integrations.errors import Rejected, Retry, Uncertain, Unreachable
from integrations.protocols.channel import Ad, Person, Settings
from kit.text import storable
from tenants import clock, wall
from work.claim import Claim
from work.rows import LeaseLost, State

QUEUE = "lookups"


def plan(thread: Conversation, *, now: dt.datetime) -> None:
    """Plans the question for a new thread, once; none where the wire has nothing to ask."""
    kind = thread.connection.kind
    if kind not in registry.channels:
        return
    wire, settings = registry.channel(kind), accounts.settings_of(thread.connection)
    calls = (wire.profile(settings, thread.chat, _person(thread)), wire.card(settings, thread.chat))
    if any(call is not None for call in calls):
        Lookup.objects.get_or_create(conversation=thread, defaults={"due_at": now})
    for call in calls:
        if call is not None:
            call.close()


def ask(claims: Sequence[Claim]) -> None:
    """The queue's `run`: asks about each thread outside any transaction and keeps the answers."""
    for claim in claims:
        with wall.tenant_tx(claim.tenant_id):
            row = Lookup.objects.select_related("conversation__connection", "conversation__contact").get(
                pk=claim.id
            )
            thread = row.conversation
            kind, chat, person = thread.connection.kind, thread.chat, _person(thread)
            settings = accounts.settings_of(thread.connection)
        failure: Exception | None = None
        found: Person | None = None
        ad: Ad | None = None
        try:
            found, ad = _asked(kind, settings, chat, person)
        except (Retry, Rejected, Unreachable, Uncertain) as error:
            failure = error
        _keep(claim, found, ad, failure)


def _asked(kind: str, settings: Settings, chat: str, person: Person) -> tuple[Person | None, Ad | None]:
    wire = registry.channel(kind)
    profile, card = wire.profile(settings, chat, person), wire.card(settings, chat)
    return (
        accounts.run(settings, profile) if profile is not None else None,
        accounts.run(settings, card) if card is not None else None,
    )


def _keep(claim: Claim, found: Person | None, ad: Ad | None, failure: Exception | None) -> None:
    with wall.tenant_tx(claim.tenant_id):
        row = Lookup.objects.select_related("conversation__contact", "conversation__connection").get(
            pk=claim.id
        )
        try:
            match failure:
                case Retry():
                    after = None if failure.after is None else dt.timedelta(seconds=failure.after)
                    row.retry(token=claim.token, error=failure.reason, after=after)
                case Rejected():
                    row.finish(token=claim.token, state=State.DEAD, error=failure.reason)
                case Exception():
                    row.retry(token=claim.token, error=str(failure))
                case None:
                    row.finish(token=claim.token)
        except LeaseLost:
            return
        thread, now = row.conversation, clock.now()
        if found is not None:
            _learn(thread, found, now=now)
        if ad is not None:
            _show(thread, ad, now=now)


def _learn(thread: Conversation, found: Person, *, now: dt.datetime) -> None:
    """The provider's name fills an empty one: what a colleague or the person wrote stays."""
    if found.name and not thread.contact.name:
        contacts.learn_name(thread.contact, found.name, now=now)
    if found.username:
        Identity.objects.filter(
            channel_kind=thread.connection.kind, external_id=found.external_id, username=""
        ).update(username=storable(found.username)[:100])


def _show(thread: Conversation, ad: Ad, *, now: dt.datetime) -> None:
    """The card stands in the first bubble; the lead learns of it."""
    first = Message.objects.filter(conversation=thread, direction=Direction.IN).order_by("id").first()
    if first is None:
        return
    put_card(first, ad)
    signals.ad_found.send(Conversation, conversation=thread, message=first, ad=ad, now=now)


def put_card(message: Message, ad: Ad) -> None:
    """Puts an advertisement's card into the bubble of the words that came from it; a fuller one takes its place."""
    message.media = [
        {"kind": "ad", **facts_of(ad)},
        *(part for part in message.media if part.get("kind") != "ad"),
    ]
    message.save(update_fields=["media"])


def facts_of(ad: Ad) -> dict[str, str]:
    """An advertisement's card as it is kept: what it tells and nothing empty."""
    return {key: storable(value)[:1000] for key, value in dataclasses.asdict(ad).items() if value}


def _person(thread: Conversation) -> Person:
    known = Identity.objects.filter(contact_id=thread.contact_id, channel_kind=thread.connection.kind).first()
    return Person(external_id=known.external_id if known else thread.chat, name=thread.contact.name)
