"""How a group fares: it works, something is lacking there, it is gone, or it has another number."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _

from inbox import alerts, announce
from inbox.group import plan
from inbox.group.models import GroupState, Mirror, StaffGroup, Topic


def works(group: StaffGroup, *, now: dt.datetime, after_all: bool = False) -> None:
    """Nothing is lacking. A group that was gone is only back when it was looked at (`after_all`)."""
    troubled = (GroupState.LACKS, GroupState.GONE) if after_all else (GroupState.LACKS,)
    changed = StaffGroup.objects.filter(pk=group.pk, state__in=troubled).update(
        state=GroupState.OK, problem="", state_at=now
    )
    if changed:
        alerts.withdraw(_key(group))
    if changed or after_all:
        announce.event("group", id=group.connection_id)


def lacks(group: StaffGroup, problem: str, *, now: dt.datetime) -> None:
    """Something is to be done in the group; owners are told once."""
    _became(group, GroupState.LACKS, problem, now=now)


def gone(group: StaffGroup, *, now: dt.datetime) -> None:
    """The group was deleted, or the account put out of it: nothing more is shown there, the inbox goes on."""
    with plan.in_tenants_words():
        _became(
            group,
            GroupState.GONE,
            _("The group was deleted, or the bot was put out of it. Answers go on in the inbox."),
            now=now,
        )
    plan.drop(group)


def moved(group: StaffGroup, chat: str) -> None:
    """The same group has another number; what stood in the former one cannot be changed any more."""
    StaffGroup.objects.filter(pk=group.pk).update(chat=chat[:200])
    Topic.objects.filter(group=group).update(number="", card="", card_digest="")
    Mirror.objects.filter(group=group).exclude(external_id="").update(external_id="")


def _became(group: StaffGroup, state: str, problem: str, *, now: dt.datetime) -> None:
    here = StaffGroup.objects.filter(pk=group.pk).exclude(state=GroupState.OFF)
    if not here.exclude(state=state).update(state=state, problem=problem[:1000], state_at=now):
        here.update(problem=problem[:1000])
        return
    announce.event("group", id=group.connection_id)
    with plan.in_tenants_words():
        alerts.raise_for_owners(
            # Once a day, however often it comes and goes.
            key=f"{_key(group)}{state}:{now:%Y%m%d}",
            subject=_("The colleagues' group “%(name)s” needs you") % {"name": group},
            text=problem,
            path=reverse("inbox:group", args=[group.connection_id]),
            now=now,
        )


def _key(group: StaffGroup) -> str:
    return f"group:{group.pk}:"
