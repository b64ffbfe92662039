"""Clients who are one person, or may be: what the card asks, what the story of a thread tells, and the list of all."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from conversations import merging
from conversations.models import Contact, Conversation, Merge, MergeSuggestion
from inbox import story
from inbox.models import Step
from tenants import wall

# A story is told in so many threads of a person, and so many questions stand on a page.
MOST_THREADS, MOST = 20, 100

WHY: dict[str, Any] = {
    "phone": _("both proved the same phone"),
    "email": _("both proved the same e-mail"),
    "phone_typed": _("the same phone was typed"),
    "email_typed": _("the same e-mail was typed"),
    "alias": _("the messenger names both as one"),
    "card": _("a card with this phone was shared"),
    "hand": _("a colleague said so"),
}


def why(reason: str) -> str:
    """What speaks for it, in words."""
    return str(WHY.get(reason, reason))


@dataclasses.dataclass(frozen=True)
class Question:
    """Two contacts who are likely one person, as the page asks. `other` is the one that is not on the screen."""

    id: int
    one: Contact
    other: Contact
    why: str
    # Where one can look at them; 0 when they never wrote.
    one_thread: int = 0
    other_thread: int = 0


def questions(contact: Contact | None = None) -> list[Question]:
    """What waits for a decision: about one contact, or all of it."""
    rows = list(merging.open_suggestions(contact).order_by("-created_at", "-id")[:MOST])
    if not rows:
        return []
    people = {row.contact_id for row in rows} | {row.other_id for row in rows}
    threads = dict(
        Conversation.objects.filter(contact__in=people, is_private=False)
        .order_by("last_message_at", "id")
        .values_list("contact_id", "pk")
    )
    return [_question(row, contact, threads) for row in rows]


def _question(row: MergeSuggestion, contact: Contact | None, threads: dict[int, int]) -> Question:
    one, other = row.contact, row.other
    if contact is not None and other.pk == contact.pk:
        one, other = other, one
    return Question(row.pk, one, other, why(row.reason), threads.get(one.pk, 0), threads.get(other.pk, 0))


def count() -> int:
    """How many questions wait."""
    return merging.open_suggestions().count()


@dataclasses.dataclass(frozen=True)
class Past:
    """A merge that stands, for the card."""

    id: int
    name: str
    why: str
    by: str
    at: dt.datetime


def past(contact: Contact) -> list[Past]:
    """Whom this contact has absorbed."""
    rows = (
        Merge.objects.filter(survivor=contact, undone_at=None)
        .select_related("absorbed", "by")
        .order_by("-at", "-id")[:5]
    )
    return [
        Past(row.pk, str(row.absorbed), why(row.reason), row.by.get_full_name() if row.by else "", row.at)
        for row in rows
    ]


def tell(merge: Merge, *, now: dt.datetime) -> None:
    """Notes a merge, or that it was taken back, in the story of the person's threads."""
    apart = merge.undone_at is not None
    kind = Step.Kind.MERGED if merge.by_id else Step.Kind.MET
    if apart:
        kind = Step.Kind.PARTED
    with translation.override(wall.entered_tenant().language):
        text = str(merge.absorbed) if apart else f"{merge.absorbed}, {why(merge.reason)}"
        about = Conversation.objects.filter(contact__in=(merge.survivor_id, merge.absorbed_id))
        for thread in about.order_by("-last_message_at", "-id")[:MOST_THREADS]:
            story.note_step(thread, kind, by=None if apart else merge.by, at=now, text=text)
