"""What became of our messages → receipts, and what a failure tells of the person and of the account.

A status names our own key again (`biz_opaque_callback_data`), so it finds its message even when it overtakes the
answer to our call. Statuses come in any order.
"""

from __future__ import annotations

from typing import Literal

from integrations.errors import ParseError
from integrations.meta import meanings, values
from integrations.meta.values import Json
from integrations.meta.whatsapp import people
from integrations.protocols.channel import AccountChanged, Fact, Ignored, MarketingStopped, Receipt

_STATES: dict[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}
_STOPPED_MARKETING = 131050


def facts(part: Json, contacts: list[Json]) -> list[Fact]:
    """The facts of one of `statuses[]`. Raises ParseError when it names no message."""
    state = _STATES.get(values.text(part, "status", 32))
    if state is None:
        return [Ignored(f"a status {values.text(part, 'status', 32) or 'without a name'}")]
    external_id = values.message_id(part, "id")
    if not external_id:
        raise ParseError("a status of no message")
    known = people.addressee(part)
    chat = people.chat_of(known, contacts)
    person, at = people.person(known, contacts), values.moment(part.get("timestamp"))
    failure = next(iter(values.items(part, "errors")), {}) if state == "failed" else {}
    meaning = _meaning(failure)
    found: list[Fact] = [
        Receipt(
            external_id=external_id,
            state=state,
            at=at,
            reason=reason(failure) if state == "failed" else "",
            key=values.text(part, "biz_opaque_callback_data", 512) or None,
            chat=chat,
            blocked=meaning is not None and meaning.blocked,
        )
    ]
    if failure.get("code") == _STOPPED_MARKETING and person is not None:
        found.append(MarketingStopped(chat=chat, person=person, at=at))
    if meaning is not None and meaning.troubles:
        found.append(AccountChanged(state="warning", reason=str(meaning.text)))
    return found


def reason(error: Json) -> str:
    """An error of an event in words; the provider's own where the number is new to us."""
    meaning = _meaning(error)
    details = values.text(values.child(error, "error_data"), "details", 300) or values.text(
        error, "details", 300
    )
    told = details or values.text(error, "message", 300) or values.text(error, "title", 300)
    if meaning is None:
        return told or "failed"
    return f"{meaning.text} ({told})" if meaning.detailed and told else str(meaning.text)


def troubles(error: Json) -> bool:
    """Does an error of an event concern the whole account?"""
    meaning = _meaning(error)
    return meaning is not None and meaning.troubles


def _meaning(error: Json) -> meanings.Meaning | None:
    code = values.number(error.get("code"))
    return None if code is None else meanings.find(meanings.WHATSAPP, code)
