"""Who in a group is one of ours: somebody who tied their messenger, or whoever the owner let into the group."""

from __future__ import annotations

import dataclasses

from connections.models import Connection
from inbox.models import AlertAddress
from integrations.protocols.channel import Person
from kit.text import storable
from tenants.models import Membership, Role, User


@dataclasses.dataclass(frozen=True)
class Colleague:
    """Somebody in the group. `user` and `role` are known where they tied their messenger (see `inbox.attach`).

    `is_barred`: they were one of ours and are not any more.
    """

    name: str
    user: User | None = None
    role: Role | None = None
    is_barred: bool = False

    @property
    def answers(self) -> bool:
        """Whether they may answer clients. Being in the group is the right to, where we know no other."""
        return not self.is_barred and (self.role is None or self.role.rank >= Role.MANAGER.rank)


def known(connection: Connection, person: Person) -> Colleague:
    """The colleague behind a person of a group."""
    name = storable(person.name or person.username)[:150]
    address = (
        AlertAddress.objects.filter(
            conversation__connection__kind=connection.kind, conversation__chat=person.external_id
        )
        .select_related("user")
        .order_by("id")
        .first()
    )
    if address is None:
        return Colleague(name)
    user = address.user
    seat = Membership.objects.filter(user=user).first()
    if seat is None or not user.is_active:
        return Colleague(user.get_full_name(), is_barred=True)
    return Colleague(user.get_full_name(), user, Role(seat.role))
