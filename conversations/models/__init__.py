"""People, the threads they write in, messages with their files, calls."""

from conversations.models.calls import Call
from conversations.models.media import MediaFile
from conversations.models.people import Contact, Identity, KnownPerson, Merge, MergeSuggestion
from conversations.models.threads import (
    Author,
    ButtonAction,
    Conversation,
    Delivery,
    Direction,
    EarlyChange,
    Holder,
    Inquiry,
    Lookup,
    Message,
    MessageState,
    Note,
)

__all__ = [
    "Author",
    "ButtonAction",
    "Call",
    "Contact",
    "Conversation",
    "Delivery",
    "Direction",
    "EarlyChange",
    "Holder",
    "Identity",
    "Inquiry",
    "KnownPerson",
    "Lookup",
    "MediaFile",
    "Merge",
    "MergeSuggestion",
    "Message",
    "MessageState",
    "Note",
]
