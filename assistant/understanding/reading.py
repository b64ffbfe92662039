"""What was understood of a client's words: the reading of a whole text, field by field."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from assistant.understanding import intents, moments, people, services, vocabulary, words
from assistant.understanding.moments import Wish
from bookings.models import Service, Staff


@dataclasses.dataclass
class Reading:
    """`groups` are services: one id in a group is certain, several are a choice between them."""

    text: str
    language: str | None = None
    intents: set[str] = dataclasses.field(default_factory=set)
    groups: list[list[int]] = dataclasses.field(default_factory=list)
    staff_id: int | None = None
    wish: Wish = dataclasses.field(default_factory=Wish)
    name: str | None = None
    phone: str | None = None

    @property
    def leading(self) -> str:
        """The intent that leads."""
        return intents.leading(self.intents)

    @property
    def ordered(self) -> list[str]:
        """All intents of the contract, the leading one first."""
        return [intent for intent in intents.PRIORITY if intent in self.intents] or ["other"]

    @property
    def telling(self) -> bool:
        """Whether anything but an intent was understood."""
        return bool(self.groups or self.staff_id or self.wish or self.name or self.phone)


def read(
    text: str, *, catalogue: Sequence[Service], masters: Sequence[Staff], today: dt.date, language: str
) -> Reading:
    """Reads a text against a tenant's price list and masters; `language` is taken where the text shows none."""
    told = language_of(text)
    table = vocabulary.load(told or language)
    reading = Reading(text=text, language=told)
    reading.intents = intents.read(text, table)
    reading.groups = services.Index(catalogue, table).read(text)
    reading.staff_id = people.master(text, masters)
    reading.wish = moments.read(text, today=today, vocabulary=table)
    reading.name = people.introduced(text, table)
    reading.phone = people.phone(text)
    if "cancel" in reading.intents and reading.wish and "move" not in reading.intents and _names_new(reading):
        # "I cannot come tomorrow, is Thursday possible?"
        reading.intents.add("move")
        reading.intents.discard("cancel")
    if reading.groups and not reading.intents & {"price", "cancel", "move", "complaint"}:
        reading.intents.add("book")
    return reading


def _names_new(reading: Reading) -> bool:
    """A cancellation that names another time is a wish to move."""
    return len(reading.wish.dates) > 1 or bool(reading.wish.starts)


def language_of(text: str) -> str | None:
    """The language of a text, None when it shows none: a lone "ok" or a number."""
    if words.is_cyrillic(text):
        return "ru"
    spoken = words.lemmas(text)
    if not spoken:
        return None
    english = vocabulary.load("en")
    heard = intents.read(text, english) - {"affirm"}
    return (
        "en" if heard or any((word,) in english.days or word in english.weekdays for word in spoken) else None
    )


def as_json(reading: Reading, *, catalogue: Sequence[Service], masters: Sequence[Staff]) -> dict[str, Any]:
    """The reading as `assistant parse` prints it; what is absent is null. Of a choice of services all are named."""
    names = {service.pk: service.name for service in catalogue}
    staff = {one.pk: one.name for one in masters}
    wish = reading.wish
    found = [names[service_id] for group in reading.groups for service_id in group]
    return {
        "intent": reading.leading,
        "intents": [intent for intent in reading.ordered if intent != intents.VISITS],
        "services": found or None,
        "staff": staff.get(reading.staff_id or 0),
        "date": wish.dates[0].isoformat() if wish.dates else None,
        "dates": [day.isoformat() for day in wish.dates] or None,
        "time_from": wish.starts.strftime("%H:%M") if wish.starts else None,
        "time_to": wish.until.strftime("%H:%M") if wish.until else None,
        "name": reading.name,
        "phone": reading.phone,
        "lang": reading.language,
    }
