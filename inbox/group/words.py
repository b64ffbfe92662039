"""How a thread reads in a group: whose word it is, what it says, where it stands in the inbox."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations import media, shown
from conversations.models import Author, Conversation, Direction, MediaFile, Message
from inbox.group.models import Topic
from integrations import registry
from kit.templatetags import marzha


def client(thread: Conversation) -> str:
    """The client's name, as far as it is known."""
    contact = thread.contact
    return contact.name or (marzha.phone(contact.phone) if contact.phone else "") or _("Client")


def channel(thread: Conversation) -> str:
    """Where the client writes."""
    kind = thread.connection.kind
    return str(registry.channel(kind).label) if kind in registry.channels else kind


def topic_name(topic: Topic) -> str:
    """What the topic is called: `Anna · Telegram`."""
    most = registry.groups[topic.group.connection.kind].capabilities.max_topic
    place = f" · {channel(topic.conversation)}"
    return f"{client(topic.conversation)[: most - len(place)]}{place}"


def has_topics(topic: Topic) -> bool:
    """Whether the topic is one in the messenger, not in our books alone."""
    return registry.groups[topic.group.connection.kind].capabilities.topics


def heading(topic: Topic, message: Message) -> str:
    """The line above a message: whose word it is and, where all clients stand in one chat, with whom."""
    name = client(topic.conversation)
    if message.direction == Direction.IN:
        return name if has_topics(topic) else f"{name} · {channel(topic.conversation)}"
    who = author(message)
    return who if has_topics(topic) else f"{who} → {name}"


def author(message: Message) -> str:
    """Who spoke for the salon."""
    if message.author == Author.ASSISTANT:
        return _("Assistant")
    if message.author == Author.SYSTEM:
        return _("Sent by itself")
    if message.user is not None:
        return message.user.get_full_name()
    return message.hint or _("A colleague")


def notice(topic: Topic, text: str) -> str:
    """Words of ours about a thread; where all stand in one chat, headed by whom they are about."""
    return text if has_topics(topic) else f"{client(topic.conversation)}\n{text}"


def body(message: Message) -> str:
    """What a message says, its files left out."""
    parts = [message.subject, message.text]
    if message.kind == "button":
        parts = [_("Pressed: %(label)s") % {"label": message.text}]
    for fact in message.media:
        parts.append(_fact(fact) if isinstance(fact, dict) else "")
    if message.direction == Direction.IN and message.hint:
        parts.append(message.hint)
    said = "\n".join(part for part in parts if part.strip())
    if not said and not MediaFile.objects.filter(message=message).exists():
        said = media.gist(message)
    return said


def _fact(fact: dict[str, object]) -> str:
    kind = str(fact.get("kind") or "")
    if kind == "location":
        place = " ".join(str(fact.get(key) or "") for key in ("title", "address")).strip()
        return f"{shown.name_of(kind)}: {place} {fact.get('latitude')}, {fact.get('longitude')}"
    if kind == "contact":
        return f"{shown.name_of(kind)}: {fact.get('name') or ''} {fact.get('phone') or fact.get('phone_typed') or ''}"
    if kind == "ad":
        told = [str(fact.get(key) or "") for key in ("title", "price", "url")]
        return f"{pgettext('advertisement', 'From the ad')}: {' '.join(part for part in told if part)}"
    return shown.in_words(kind) if kind in shown.NAMES else ""


def link(thread: Conversation) -> str:
    """The thread in the inbox."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('inbox:thread', args=[thread.pk])}"


def excerpt(text: str) -> str:
    """A few words by which a message is recognised."""
    words = " ".join(text.split())
    return f"«{words[:60]}…»" if len(words) > 60 else f"«{words}»" if words else ""
