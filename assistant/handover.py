"""Gives a thread to a person: a word to the client, one line for the colleague, and silence from then on."""

from __future__ import annotations

import datetime as dt

from django.utils import translation
from django.utils.translation import gettext as _

from assistant import facts, signals
from assistant.talk import Reply, Talk
from assistant.understanding.moments import Wish
from conversations.models import Conversation, Direction, Holder, Message
from kit.templatetags import marzha

# So soon, and the client is told "soon" instead of a time.
SOON = dt.timedelta(minutes=1)
_QUOTED = 120


def hand_over(talk: Talk, *, phrase: str = "", urgent: bool = False, quote: str = "") -> Reply:
    """A colleague takes over. `phrase` is what the client hears besides when somebody will answer."""
    thread = talk.thread
    summary = _summary(talk, quote)
    thread.holder = Holder.PERSON
    Conversation.objects.filter(pk=thread.pk).update(holder=Holder.PERSON)
    talk.memory.stage = "handed_over"
    talk.memory.misunderstood = 0
    signals.handed_over.send(Conversation, conversation=thread, summary=summary, urgent=urgent, now=talk.now)
    return Reply(_word(talk, phrase), lasting=True, waits=True)


def _word(talk: Talk, phrase: str) -> str:
    if phrase:
        return talk.phrase(phrase)
    opens = facts.opens_at(now=talk.now, zone=talk.zone)
    if opens is None or opens - talk.now < SOON:
        return talk.phrase("person_soon")
    return talk.phrase("person_later", when=talk.when(opens))


def _summary(talk: Talk, quote: str) -> str:
    """What is known and what was said last, in the salon's language."""
    memory = talk.memory
    with translation.override(talk.tenant.language):
        services = [service.name for service in facts.chosen(talk.catalogue, memory.service_ids)]
        known = [
            _("wants: %(services)s") % {"services": ", ".join(services)} if services else "",
            _("when: %(wish)s") % {"wish": _wish(talk, memory.wish)} if memory.wish else "",
            _("phone: %(phone)s") % {"phone": talk.contact.phone} if talk.contact.phone else "",
        ]
        words = quote or _last_words(talk.thread)
        said = _("“%(words)s”") % {"words": " ".join(words.split())[:_QUOTED]} if words else ""
        return "; ".join(filter(None, [*known, said])) or _("asks for a person")


def _wish(talk: Talk, wish: Wish) -> str:
    days = ", ".join(marzha.day(day, talk.now) for day in wish.dates)
    bounds = "\u2013".join(time.strftime("%H:%M") if time else "\u2026" for time in (wish.starts, wish.until))
    if wish.exact and wish.starts:
        bounds = wish.starts.strftime("%H:%M")
    return " ".join(filter(None, [days, bounds if wish.starts or wish.until else ""]))


def _last_words(thread: Conversation) -> str:
    last = (
        Message.objects.filter(conversation=thread, direction=Direction.IN)
        .exclude(text="")
        .order_by("-id")
        .first()
    )
    return last.text if last else ""


def give_back(thread: Conversation) -> None:
    """The assistant answers again from the client's next word on."""
    Conversation.objects.filter(pk=thread.pk).update(holder=Holder.ASSISTANT)
    thread.holder = Holder.ASSISTANT
