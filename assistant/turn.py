"""What a client's words mean for the dialogue, and the answer to them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from assistant import existing, facts, handover, steps
from assistant.memory import OPENED, SAID
from assistant.talk import Reply, Talk
from assistant.understanding import people, vocabulary
from assistant.understanding.moments import Wish
from assistant.understanding.reading import Reading
from bookings.models import Service
from conversations import contacts
from conversations.models import Direction, Message
from kit.templatetags import marzha
from reminders import dispatch

# A person is called when so many answers in a row were not understood.
PATIENCE = 2
# More services than these make no price list in a message.
MOST_PRICES = 6


def by_words(talk: Talk, reading: Reading) -> Reply:
    """The answer to what was said; a question in between is answered and the dialogue goes on."""
    memory, intents = talk.memory, reading.intents
    learn(talk, reading)
    if "urgent" in intents:
        return handover.hand_over(talk, phrase="person_urgent", urgent=True, quote=reading.text)
    if "complaint" in intents:
        return handover.hand_over(talk, phrase="person_sorry", urgent=True, quote=reading.text)
    if "human" in intents or not talk.catalogue:
        return handover.hand_over(talk, quote=reading.text).opened_by(greeting(talk))
    if memory.stage == "wish" and (reading.wish or reading.text.strip()):
        return handover.hand_over(talk, quote=reading.text)
    what = _about_visit(talk, reading)
    if what is not None:
        reply = existing.answer(talk, what, wish=reading.wish) or _without_visit(talk, what)
        if reply is not None:
            return reply
    lines = _answers(talk, reading)
    if lines is None:
        return handover.hand_over(talk, quote=reading.text)
    moved_on = _moves_on(talk, reading)
    if "thanks" in intents and not (reading.telling or lines or moved_on):
        memory.misunderstood = 0
        return Reply(talk.phrase("welcome"))
    hello = greeting(talk)
    if not (moved_on or lines or intents & {"greet", "book", "price", "thanks"} or reading.telling):
        memory.misunderstood += 1
        if memory.misunderstood >= PATIENCE:
            return handover.hand_over(talk, quote=reading.text)
        reply = steps.again(talk).opened_by(hello, talk.phrase("not_understood"))
        if not any(choice.action == "human" for choice in reply.choices):
            reply.choices.append(talk.choice("call_person", "human"))
        return reply
    memory.misunderstood = 0
    return steps.again(talk).opened_by(hello, *lines)


def _about_visit(talk: Talk, reading: Reading) -> str | None:
    """What the words want with a visit that stands, if they speak of one."""
    if _says_yes_to_reminder(talk, reading):
        return "confirm"
    what = existing.about(reading)
    # "Another time" while times are offered is about these.
    return None if what == "move" and talk.memory.stage in ("time", "day") else what


def _without_visit(talk: Talk, what: str) -> Reply | None:
    """The same from somebody who has none."""
    if what == "cancel" and talk.memory.service_ids:
        talk.memory.forget_request()
        return Reply(talk.phrase("not_booked"), [talk.choice("book_anew", "anew")])
    if what == "confirm" or talk.memory.service_ids:
        return None
    return steps.next_reply(talk).opened_by(greeting(talk), talk.phrase("no_visit"))


def learn(talk: Talk, reading: Reading) -> None:
    """Keeps whatever was told, asked for or not; a later word corrects an earlier one."""
    memory = talk.memory
    if reading.phone:
        contacts.learn_phone(talk.contact, reading.phone, verified=False, now=talk.now)
    name = reading.name or (
        people.answered(reading.text, vocabulary.load(memory.language or talk.tenant.language))
        if memory.stage == "name" and not reading.intents & {"human", "complaint", "deny"}
        else None
    )
    if name:
        contacts.learn_name(talk.contact, name, now=talk.now)
        reading.name = name
    if memory.stage == "done" and (reading.groups or reading.wish) and not existing.about(reading):
        memory.forget_request()
    if reading.groups and not reading.intents & {"complaint", "cancel"}:
        _take_services(talk, reading)
    if reading.staff_id:
        memory.staff_id = reading.staff_id
        memory.slot = None
    if reading.wish and not existing.about(reading):
        _take_wish(talk, reading)


def _take_services(talk: Talk, reading: Reading) -> None:
    """Said services replace those before, unless they come as an addition."""
    memory = talk.memory
    certain = [group[0] for group in reading.groups if len(group) == 1]
    if memory.groups and certain and not memory.service_ids:
        # The answer to "which one exactly".
        memory.groups = [group for group in memory.groups if not set(group) & set(certain)]
    if _adds(reading, memory.language or talk.tenant.language) and memory.service_ids:
        memory.groups += [group for group in reading.groups if not set(group) & set(memory.service_ids)]
    elif set(certain) != set(memory.service_ids) or len(certain) < len(reading.groups):
        memory.groups, memory.service_ids = list(reading.groups), []
    if memory.groups:
        memory.addon_ids, memory.addon_asked, memory.slot = [], False, None


def _adds(reading: Reading, language: str) -> bool:
    """ "And the brows too": an addition opens with a joining word."""
    first = reading.text.strip().lower().split(" ")[0] if reading.text.strip() else ""
    return first.strip(",.") in vocabulary.load(language).joining


def _take_wish(talk: Talk, reading: Reading) -> None:
    """A wish corrects the parts it names; a time that stands among those offered is chosen by it."""
    memory, wish = talk.memory, reading.wish
    if wish.dates:
        memory.wish.dates = wish.dates
    if wish.starts or wish.until:
        memory.wish.starts, memory.wish.until = wish.starts, wish.until
    elif wish.dates:
        memory.wish.starts = memory.wish.until = None
    memory.slot = None
    if wish.exact and memory.stage in ("time", "day"):
        memory.slot = next((one for one in memory.offered if _is_meant(talk, one, reading)), None)


def _is_meant(talk: Talk, offered: dict[str, Any], reading: Reading) -> bool:
    at = dt.datetime.fromisoformat(offered["starts_at"]).astimezone(talk.zone)
    same_time = [
        one
        for one in talk.memory.offered
        if dt.datetime.fromisoformat(one["starts_at"]).astimezone(talk.zone).time() == reading.wish.starts
    ]
    if at.time() != reading.wish.starts:
        return False
    return at.date() in reading.wish.dates if reading.wish.dates else len(same_time) == 1


def _moves_on(talk: Talk, reading: Reading) -> bool:
    """Takes yes and no as answers to what was asked last; False when they answer nothing."""
    memory, yes, no = talk.memory, "affirm" in reading.intents, "deny" in reading.intents
    if memory.stage == "addon" and (yes or no):
        addon = facts.addon_for(facts.chosen(talk.catalogue, memory.service_ids))
        memory.addon_ids = [addon.pk] if addon and yes else []
        return True
    if memory.stage == "time" and memory.offered and yes and not reading.telling:
        memory.slot = memory.offered[0]
        return True
    if memory.stage in ("time", "day") and (no or "move" in reading.intents) and not reading.telling:
        memory.stage, memory.wish, memory.slot = "day", Wish(), None
        return True
    if memory.stage == "phone" and no and not reading.phone:
        memory.phone_refused = True
        return True
    if memory.stage == "name" and (no or yes):
        return True
    return memory.stage in ("", "done") and yes


def _says_yes_to_reminder(talk: Talk, reading: Reading) -> bool:
    """ "Yes" right under a reminder confirms the visit."""
    if "affirm" not in reading.intents or reading.telling:
        return False
    last = Message.objects.filter(conversation=talk.thread, direction=Direction.OUT).order_by("-id").first()
    return last is not None and last.key.startswith(dispatch.PREFIX)


def greeting(talk: Talk, *, again: bool = False) -> str:
    """Once in a dialogue; `again` is the short one for somebody who was greeted when they opened the chat."""
    if talk.memory.greeted:
        return ""
    talk.memory.greeted = SAID
    if again:
        return talk.phrase("hello_again")
    name = talk.contact.name.split(" ")[0]
    return talk.phrase("greeting_name" if name else "greeting", name=name, salon=talk.tenant.name)


def _answers(talk: Talk, reading: Reading) -> list[str] | None:
    """Answers to questions, from the rows; None when a row that would answer is missing."""
    lines: list[str] = []
    if "price" in reading.intents:
        asked = [one for group in reading.groups for one in group] or talk.memory.service_ids
        lines += [_price(talk, service) for service in facts.chosen(talk.catalogue, asked)[:MOST_PRICES]]
    if "address" in reading.intents:
        if not talk.tenant.address:
            return None
        lines.append(talk.phrase("our_address", address=talk.tenant.address))
    if "hours" in reading.intents:
        week = facts.week_in_words()
        if not week:
            return None
        lines.append(talk.phrase("our_hours", hours=week))
    return lines


def _price(talk: Talk, service: Service) -> str:
    return talk.phrase(
        "price_line",
        service=service.name,
        price=talk.money(service.price),
        minutes=marzha.minutes(service.minutes),
    )


def by_opening(talk: Talk) -> Reply:
    """The chat was opened: a greeting and the way in."""
    talk.memory.forget_request()
    talk.memory.greeted = ""
    hello = greeting(talk)
    talk.memory.greeted = OPENED
    reply = steps.next_reply(talk) if talk.catalogue else handover.hand_over(talk)
    return reply.opened_by(hello)


def by_medium(talk: Talk) -> Reply:
    """Something that is no text: a person looks at it."""
    return handover.hand_over(talk).opened_by(greeting(talk), talk.phrase("media"))
