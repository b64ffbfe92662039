"""The envelope of a callback: `{"type", "group_id", "event_id", "v", "secret", "object"}`.

There is no signature: the secret stands in the body, so the body is read before it is believed. Source:
`callback/objects.json` of VKCOM/vk-api-schema 5.199.
"""

from __future__ import annotations

import dataclasses
import hashlib

from integrations.errors import ParseError
from integrations.protocols import values
from integrations.protocols.values import Json
from kit.text import storable

# Events about a message of some chat; their object is the message, since 5.103 under "message" where it is new.
_MESSAGES = frozenset(("message_new", "message_reply", "message_edit"))


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """One callback. `secret` is None where none was sent."""

    type: str
    group: str
    ident: str
    secret: str | None
    object: Json

    @property
    def message(self) -> Json:
        """The message of an event about one, nested or flat."""
        return values.child(self.object, "message") or self.object


def read(body: bytes) -> Envelope:
    """The envelope in a body; raises ParseError."""
    told = values.document(body)
    secret = told.get("secret")
    return Envelope(
        type=values.text(told, "type", 64),
        group=values.ident(told.get("group_id")) or "",
        ident=values.text(told, "event_id", 200),
        secret=secret if isinstance(secret, str) else None,
        object=values.child(told, "object"),
    )


def attempt(body: bytes) -> Envelope | None:
    """`read`, None for what cannot be read."""
    try:
        return read(body)
    except ParseError:
        return None


def event_id(body: bytes) -> str | None:
    """VK's id of the event; events of old API versions have none and get one of what they say."""
    told = attempt(body)
    if told is None:
        return None
    if told.ident:
        return told.ident
    chat, number = thread_key(told), values.ident(told.message.get("conversation_message_id"))
    if told.type == "message_new" and chat and number:
        return f"message_new:{chat}:{number}"
    # The same event is sent again with the same bytes.
    return f"{storable(told.type)}:{hashlib.sha256(body).hexdigest()[:32]}"


def thread_key(told: Envelope) -> str | None:
    """The chat an event belongs to: the peer, else the person."""
    if told.type in _MESSAGES:
        return values.ident(told.message.get("peer_id")) or values.ident(told.message.get("user_id"))
    return values.ident(told.object.get("peer_id")) or values.ident(told.object.get("user_id"))
