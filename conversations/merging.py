"""Two contacts who are one person become one, and the merge can be taken back; what is only likely is suggested.

A merge moves every row that points at the absorbed contact, of whatever room: the keys are found in Django's registry
of models, so that a new table with a key to a contact needs no word here. `Contact.external_id`, by which the salon's
own lists know a contact, stays with the row it was given to.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet

from conversations import signals
from conversations.models import Contact, Conversation, Merge, MergeSuggestion
from tenants import wall
from tenants.models import User

State = MergeSuggestion.State
# Tables that tell the story of merges itself: their keys stay.
_STORY = (Contact, Merge, MergeSuggestion)


class SamePerson(Exception):
    """Both are one contact already."""


class AlreadyApart(Exception):
    """The merge was taken back before."""


# ---------------------------------------------------------------- merging
def survivor_of(contact: Contact) -> Contact:
    """The contact that this one was merged into, or itself."""
    while contact.merged_into is not None:
        contact = contact.merged_into
    return contact


def references() -> list[tuple[type[wall.TenantModel], Any]]:
    """Every key to a contact in the house: (model, field)."""
    return [
        (model, field)
        for model in wall.tenant_models()
        if model not in _STORY
        for field in model._meta.concrete_fields
        if field.related_model is Contact
    ]


def merge(
    survivor: Contact, absorbed: Contact, *, reason: str, now: dt.datetime, by: User | None = None
) -> Merge:
    """Makes one contact of two: the survivor has all rows of both, and its empty fields are filled.

    `reason` is what told that they are one person ("phone", "email", "hand" …); without `by` it happened by itself.
    Contacts in hand are stale afterwards.

    Raises:
        SamePerson: see the class.
    """
    survivor, absorbed = _locked(survivor_of(survivor), survivor_of(absorbed))
    if survivor.pk == absorbed.pk or survivor.merged_into_id or absorbed.merged_into_id:
        raise SamePerson
    told: dict[str, Any] = {}
    for _receiver, word in signals.contacts_merging.send(
        Contact, survivor=survivor, absorbed=absorbed, now=now
    ):
        told |= word if isinstance(word, dict) else {}
    rows = {_name(model, field): _move(model, field, absorbed, survivor) for model, field in references()}
    before, after = _fill(survivor, absorbed)
    absorbed.merged_into = survivor
    absorbed.save(update_fields=["merged_into"])
    told["suggested"] = _hand_on_suggestions(survivor, absorbed, by=by, now=now)
    done = Merge.objects.create(
        survivor=survivor,
        absorbed=absorbed,
        reason=reason[:20],
        moved={
            "rows": {name: ids for name, ids in rows.items() if ids},
            "before": before,
            "after": after,
            "told": told,
        },
        by=by,
        at=now,
    )
    signals.contacts_merged.send(Contact, merge=done, now=now)
    signals.contact_changed.send(Contact, contact=survivor, now=now)
    return done


def merge_pair(
    one: Contact, other: Contact, *, reason: str, now: dt.datetime, by: User | None = None
) -> Merge:
    """`merge` where the contact we have known longer survives.

    Raises:
        SamePerson: see the class.
    """
    older, newer = sorted((one, other), key=lambda contact: (contact.created_at, contact.pk))
    return merge(older, newer, reason=reason, now=now, by=by)


def _locked(survivor: Contact, absorbed: Contact) -> tuple[Contact, Contact]:
    """Both anew, locked; their threads first, as those who take messages in do it."""
    pair = (survivor.pk, absorbed.pk)
    list(
        Conversation.objects.select_for_update(of=("self",))
        .filter(contact__in=pair)
        .order_by("id")
        .values("pk")
    )
    rows = {row.pk: row for row in Contact.objects.select_for_update().filter(pk__in=pair).order_by("id")}
    return rows[survivor.pk], rows[absorbed.pk]


def _name(model: type[models.Model], field: Any) -> str:
    return f"{model._meta.label}.{field.name}"


def _move(model: Any, field: Any, source: Contact, target: Contact, **narrowed: Any) -> list[int]:
    """Points rows at another contact; returns their ids."""
    rows = model.objects.filter(**{field.attname: source.pk}, **narrowed)
    ids = list(rows.order_by("id").values_list("pk", flat=True))
    if ids:
        model.objects.filter(pk__in=ids).update(**{field.attname: target.pk})
    return ids


# ---------------------------------------------------------------- the survivor's own fields
def _fill(survivor: Contact, absorbed: Contact) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fills the survivor's fields; returns the changed ones as they were and as they are, as plain values."""
    wanted: dict[str, Any] = {
        "name": survivor.name or absorbed.name,
        "language": survivor.language or absorbed.language,
        "note": "\n".join(dict.fromkeys(filter(None, (survivor.note, absorbed.note)))),
        "tags": list(dict.fromkeys([*survivor.tags, *absorbed.tags])),
        "client_since": min(filter(None, (survivor.client_since, absorbed.client_since)), default=None),
        "marketing_stopped_at": survivor.marketing_stopped_at or absorbed.marketing_stopped_at,
        "created_at": min(survivor.created_at, absorbed.created_at),
        **_better("phone", survivor, absorbed),
        **_better("email", survivor, absorbed),
    }
    changed = [name for name, value in wanted.items() if getattr(survivor, name) != value]
    before = {name: _plain(getattr(survivor, name)) for name in changed}
    for name in changed:
        setattr(survivor, name, wanted[name])
    if changed:
        survivor.save(update_fields=changed)
    return before, {name: _plain(wanted[name]) for name in changed}


def _better(name: str, survivor: Contact, absorbed: Contact) -> dict[str, Any]:
    """A proven address stands before a typed one, the survivor's own before the other's."""
    proof = f"{name}_verified"
    having = [contact for contact in (survivor, absorbed) if getattr(contact, name)]
    best = max(having, key=lambda contact: getattr(contact, proof), default=survivor)
    return {name: getattr(best, name), proof: getattr(best, proof)}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


# ---------------------------------------------------------------- taking it back
def undo(merge: Merge, *, now: dt.datetime, by: User | None = None) -> None:
    """Makes two of one again: rows that were moved go back, and what came since in the moved threads goes with them.

    Fields of the survivor that somebody changed since stay. The pair is never merged by itself again.

    Raises:
        AlreadyApart: see the class.
    """
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at is not None:
        raise AlreadyApart
    absorbed = Contact.objects.get(pk=merge.absorbed_id)
    holder = survivor_of(Contact.objects.get(pk=merge.survivor_id))
    holder, absorbed = _locked(holder, absorbed)
    moved = merge.moved
    threads = moved["rows"].get("conversations.Conversation.contact", [])
    for model, field in references():
        _move(model, field, holder, absorbed, pk__in=moved["rows"].get(_name(model, field), []))
        if threads and any(other.related_model is Conversation for other in model._meta.concrete_fields):
            _move(model, field, holder, absorbed, conversation__in=threads)
    if holder.pk == merge.survivor_id:
        _empty(holder, before=moved["before"], after=moved["after"])
    absorbed.merged_into = None
    absorbed.save(update_fields=["merged_into"])
    merge.undone_at = now
    merge.save(update_fields=["undone_at"])
    MergeSuggestion.objects.filter(pk__in=moved["told"].get("suggested", []), state=State.OPEN).delete()
    _decide_pair(holder, absorbed, state=State.DISMISSED, reason=merge.reason, by=by, now=now)
    signals.contacts_parted.send(Contact, merge=merge, told=moved["told"], now=now)
    for contact in (holder, absorbed):
        signals.contact_changed.send(Contact, contact=contact, now=now)


def _empty(survivor: Contact, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    """The survivor's fields as they were, save those that were changed since."""
    back = [name for name, value in after.items() if _plain(getattr(survivor, name)) == value]
    for name in back:
        field: Any = Contact._meta.get_field(name)
        setattr(survivor, name, field.to_python(before[name]))
    if back:
        survivor.save(update_fields=back)


def last_of(contact: Contact) -> Merge | None:
    """The newest merge into a contact that still stands."""
    return (
        Merge.objects.filter(survivor=contact, undone_at=None)
        .select_related("absorbed", "by")
        .order_by("-at", "-id")
        .first()
    )


# ---------------------------------------------------------------- what is only likely
def suggest(one: Contact, other: Contact, *, reason: str, now: dt.datetime) -> MergeSuggestion | None:
    """Asks colleagues whether two contacts are one person; None when they have said already."""
    first, second = _pair(survivor_of(one), survivor_of(other))
    if first.pk == second.pk:
        return None
    row, _made = MergeSuggestion.objects.get_or_create(
        contact=first, other=second, defaults={"reason": reason[:20], "created_at": now}
    )
    return row if row.state == State.OPEN else None


def may_merge(one: Contact, other: Contact) -> bool:
    """Whether two contacts may become one by themselves: not where a colleague said that they are two people."""
    first, second = _pair(one, other)
    dismissed = MergeSuggestion.objects.filter(contact=first, other=second, state=State.DISMISSED)
    return first.pk != second.pk and not dismissed.exists()


def open_suggestions(contact: Contact | None = None) -> QuerySet[MergeSuggestion]:
    """What waits for a decision, of one contact or of all."""
    found = MergeSuggestion.objects.filter(
        state=State.OPEN, contact__merged_into=None, other__merged_into=None
    ).select_related("contact", "other")
    return found if contact is None else found.filter(Q(contact=contact) | Q(other=contact))


def accept(suggestion: MergeSuggestion, *, by: User | None, now: dt.datetime) -> Merge:
    """One person.

    Raises:
        SamePerson: they were merged meanwhile.
    """
    return merge_pair(suggestion.contact, suggestion.other, reason=suggestion.reason, now=now, by=by)


def dismiss(suggestion: MergeSuggestion, *, by: User | None, now: dt.datetime) -> None:
    """Two people."""
    suggestion.state, suggestion.decided_at, suggestion.decided_by = State.DISMISSED, now, by
    suggestion.save(update_fields=["state", "decided_at", "decided_by"])


def ask_again(suggestion: MergeSuggestion) -> None:
    """Undoes `dismiss`."""
    suggestion.state, suggestion.decided_at, suggestion.decided_by = State.OPEN, None, None
    suggestion.save(update_fields=["state", "decided_at", "decided_by"])


def _pair(one: Contact, other: Contact) -> tuple[Contact, Contact]:
    return (one, other) if one.pk <= other.pk else (other, one)


def _decide_pair(
    one: Contact, other: Contact, *, state: str, reason: str, by: User | None, now: dt.datetime
) -> None:
    first, second = _pair(one, other)
    decided = {"state": state, "decided_at": now, "decided_by": by}
    MergeSuggestion.objects.update_or_create(
        contact=first,
        other=second,
        defaults=decided,
        create_defaults=decided | {"reason": reason[:20], "created_at": now},
    )


def _hand_on_suggestions(
    survivor: Contact, absorbed: Contact, *, by: User | None, now: dt.datetime
) -> list[int]:
    """The pair is decided; questions about the absorbed contact are asked of the survivor. Returns the new ones."""
    first, second = _pair(survivor, absorbed)
    MergeSuggestion.objects.filter(contact=first, other=second).update(
        state=State.MERGED, decided_at=now, decided_by=by
    )
    made = []
    about = MergeSuggestion.objects.filter(Q(contact=absorbed) | Q(other=absorbed), state=State.OPEN)
    for row in about.select_related("contact", "other"):
        third = survivor_of(row.other if row.contact_id == absorbed.pk else row.contact)
        one, other = _pair(survivor, third)
        if one.pk == other.pk:
            continue
        asked, new = MergeSuggestion.objects.get_or_create(
            contact=one, other=other, defaults={"reason": row.reason, "created_at": now}
        )
        made += [asked.pk] if new else []
    return made
