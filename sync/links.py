"""Twins of contacts in a CRM when two contacts become one, or two again.

Merging two contacts in the CRM is for a person there. Ours goes on with the survivor's twin; where it has none, with
the absorbed one's, so that nobody is made there anew.
"""

from __future__ import annotations

from conversations.models import Merge
from sync.models import Link


def adopt(merge: Merge) -> None:
    """Gives the survivor a twin in each CRM where only the absorbed contact has one."""
    theirs = Link.objects.filter(kind=Link.Kind.CONTACT, local_id=merge.absorbed_id).exclude(remote_id="")
    for link in theirs:
        Link.objects.get_or_create(
            connection_id=link.connection_id,
            kind=Link.Kind.CONTACT,
            local_id=merge.survivor_id,
            defaults={"remote_id": link.remote_id, "pushed_at": link.pushed_at, "pushed_version": 1},
        )


def give_back(merge: Merge) -> None:
    """The survivor has no more share in the other's twin."""
    theirs = Link.objects.filter(kind=Link.Kind.CONTACT, local_id=merge.absorbed_id).exclude(remote_id="")
    for link in theirs:
        Link.objects.filter(
            connection_id=link.connection_id,
            kind=Link.Kind.CONTACT,
            local_id=merge.survivor_id,
            remote_id=link.remote_id,
        ).delete()
