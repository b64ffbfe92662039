"""What a colleague writes in a client's topic goes to the client; what begins with // is a note for colleagues."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from conversations import outbox
from conversations.models import Message, Note
from inbox import announce, holding
from inbox.group import answering, files, people, plan, words
from inbox.group.models import Mirror, StaffGroup, Topic
from inbox.group.people import Colleague
from integrations import registry
from integrations.protocols.channel import StaffSaid
from kit.text import storable

NOTE = "//"
LONGEST_NOTE = 5000


def hear(group: StaffGroup, fact: StaffSaid, *, now: dt.datetime) -> None:
    """Takes a colleague's word in. What belongs to no client's topic is talk among colleagues."""
    topic = _topic_of(group, fact)
    if topic is None:
        return
    who = people.known(group.connection, fact.person)
    if fact.is_edit:
        _edited(topic, fact, now=now)
    elif not who.answers:
        _back(topic, fact, _refusal(who), now=now)
    elif fact.text.strip().startswith(NOTE):
        _note(topic, who, fact.text.strip().removeprefix(NOTE).strip(), now=now)
    elif fact.media:
        _files(topic, who, fact, now=now)
    elif fact.text.strip():
        _answer(topic, who, fact, now=now)
    else:
        _back(topic, fact, _("Only words, photos and files go to the client from here."), now=now)


def _topic_of(group: StaffGroup, fact: StaffSaid) -> Topic | None:
    """By the topic, or where there are none by the message that is answered."""
    found = Topic.objects.filter(group=group).select_related(
        "conversation__contact", "conversation__connection"
    )
    topic = None
    if registry.groups[group.connection.kind].capabilities.topics:
        topic = found.filter(number=fact.topic).first() if fact.topic else None
    elif fact.reply_to:
        shown = Mirror.objects.filter(group=group, external_id=fact.reply_to).exclude(topic=None).first()
        topic = found.filter(pk=shown.topic_id).first() if shown else found.filter(card=fact.reply_to).first()
    if topic is not None:
        topic.group = group
    return topic


# ---------------------------------------------------------------- to the client
def _answer(topic: Topic, who: Colleague, fact: StaffSaid, *, now: dt.datetime) -> None:
    thread = holding.locked(topic.conversation_id)
    try:
        answering.answer(
            thread,
            who,
            text=storable(fact.text).strip(),
            key=answering.key_of(topic.group, fact.external_id),
            now=now,
        )
    except outbox.CannotWrite as reason:
        _back(topic, fact, _("Not sent: %(reason)s") % {"reason": reason}, now=now)


def _files(topic: Topic, who: Colleague, fact: StaffSaid, *, now: dt.datetime) -> None:
    """They are fetched first; the words go with the first of them."""
    for position, medium in enumerate(fact.media):
        files.keep(
            topic,
            who,
            medium,
            message=fact.external_id,
            position=position,
            text=storable(fact.text).strip() if position == 0 else "",
            now=now,
        )


def _edited(topic: Topic, fact: StaffSaid, *, now: dt.datetime) -> None:
    """The client keeps what was sent: messengers differ in what may be changed afterwards."""
    sent = Message.objects.filter(key=answering.key_of(topic.group, fact.external_id)).first()
    if sent is not None and sent.text.strip() != storable(fact.text).strip():
        _back(
            topic,
            fact,
            _("The client has the first wording. Write once more what is to be put right."),
            key=f"edited:{sent.pk}",
            now=now,
        )


# ---------------------------------------------------------------- among colleagues
def _note(topic: Topic, who: Colleague, text: str, *, now: dt.datetime) -> None:
    if not text:
        return
    signed = text if who.user is not None or not who.name else f"{who.name}: {text}"
    Note.objects.create(
        conversation_id=topic.conversation_id,
        user=who.user,
        text=storable(signed)[:LONGEST_NOTE],
        created_at=now,
    )
    announce.thread(topic.conversation_id)


def _refusal(who: Colleague) -> str:
    if who.is_barred:
        return _("Not sent: you are not among the colleagues any more.")
    return _("Not sent: only managers and owners answer clients.")


def _back(topic: Topic, fact: StaffSaid, text: str, *, now: dt.datetime, key: str = "") -> None:
    """A word of ours under what the colleague wrote."""
    plan.say(
        topic,
        words.notice(topic, text),
        key=key or f"back:{fact.external_id}",
        reply_to=fact.external_id,
        now=now,
    )
