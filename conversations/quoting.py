"""What an answer of ours names: the letters before it, or the comment that it answers in private."""

from __future__ import annotations

from conversations.models import Conversation, Direction, Message
from integrations.protocols.channel import Capabilities

# References of a letter: the first ones and the newest; what lies between tells a mail program nothing.
FIRST, LAST = 1, 19


def of_answer(thread: Conversation, capabilities: Capabilities) -> tuple[str, str]:
    """(external id that the next message of ours names, its subject); empty where the channel asks for neither."""
    if not (capabilities.letters or capabilities.comments):
        return "", ""
    last = (
        Message.objects.filter(conversation=thread, direction=Direction.IN)
        .order_by("-created_at", "-id")
        .first()
    )
    if last is None:
        return "", ""
    if capabilities.letters:
        return last.external_id, last.subject
    return (last.external_id, "") if last.kind == "comment" else ("", "")


def references(thread: Conversation) -> tuple[str, ...]:
    """External ids of a thread's letters, oldest first."""
    told = Message.objects.filter(conversation=thread).exclude(external_id="").order_by("created_at", "id")
    ids = list(told.values_list("external_id", flat=True))
    return tuple(ids if len(ids) <= FIRST + LAST else [*ids[:FIRST], *ids[-LAST:]])
