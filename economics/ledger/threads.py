"""The words of a ledger file: when each lead was answered, and a quiet thread per contact and channel to keep them.

The threads are closed and belong to nobody; their connection is switched off, so that nothing can be sent through it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping

from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState
from conversations.models import Conversation, Holder, Message, MessageState
from economics.ledger.reading import Ledger
from leads.models import Lead
from tenants import secrets, wall
from tenants.models import digest, new_token

CHAT = "ledger:"
BATCH = 2000


@dataclasses.dataclass
class Words:
    """Messages about leads, in order of time."""

    of_lead: dict[str, list[tuple[dt.datetime, str, str]]]

    @classmethod
    def of(cls, ledger: Ledger) -> Words:
        """Sorted by lead; words about a visit are no part of a lead's talk."""
        found: dict[str, list[tuple[dt.datetime, str, str]]] = defaultdict(list)
        for row in ledger.messages.values():
            if row["lead"] and not row["booking"]:
                found[row["lead"]].append((row["at"], row["direction"], row["author"]))
        for words in found.values():
            words.sort()
        return cls(found)

    def answers(
        self, lead_id: str, since: dt.datetime
    ) -> tuple[dt.datetime | None, dt.datetime | None, dt.datetime | None]:
        """First answer, first answer by a person, last word; automatic notices are words but no answers."""
        words = self.of_lead.get(lead_id, [])
        said = [(at, author) for at, direction, author in words if direction == "out" and at >= since]
        first = next((at for at, author in said if author in ("assistant", "manager")), None)
        human = next((at for at, author in said if author == "manager"), None)
        return first, human, words[-1][0] if words else None


def write(ledger: Ledger, *, contacts: Mapping[str, int], leads: Mapping[str, int]) -> None:
    """Keeps the messages about leads as messages of quiet threads."""
    spoken = {row["lead"] for row in ledger.messages.values() if row["lead"] and not row["booking"]}
    lines = {kind: _line(kind) for kind in sorted({ledger.leads[lead]["channel"] for lead in spoken})}
    threads = _threads(ledger, spoken, lines, contacts)
    keys = {
        f"{CHAT}{row_id}": row
        for row_id, row in ledger.messages.items()
        if row["lead"] and not row["booking"]
    }
    there = set(Message.objects.filter(key__startswith=CHAT).values_list("key", flat=True))
    Message.objects.bulk_create(
        [
            Message(
                conversation_id=threads[
                    ledger.leads[row["lead"]]["contact"], ledger.leads[row["lead"]]["channel"]
                ],
                contact_id=contacts[ledger.leads[row["lead"]]["contact"]],
                direction=row["direction"],
                author=row["author"],
                state=MessageState.RECEIVED if row["direction"] == "in" else MessageState.SENT,
                key=key,
                created_at=row["at"],
                sent_at=row["at"] if row["direction"] == "out" else None,
            )
            for key, row in keys.items()
            if key not in there
        ],
        batch_size=BATCH,
    )
    wanted = {
        leads[lead]: threads[ledger.leads[lead]["contact"], ledger.leads[lead]["channel"]] for lead in spoken
    }
    stale = [row for row in Lead.objects.filter(pk__in=list(wanted)) if row.conversation_id != wanted[row.pk]]
    for row in stale:
        row.conversation_id = wanted[row.pk]
    Lead.objects.bulk_update(stale, ["conversation"], batch_size=500)


def count() -> int:
    """Messages that came from files."""
    return Message.objects.filter(key__startswith=CHAT).count()


def _line(kind: str) -> int:
    """The switched-off connection that history of this kind of channel hangs on."""
    there = Connection.objects.filter(kind=kind, account__history=True).first()
    if there is not None:
        return there.pk
    token, tenant_id = new_token(24), wall.current_tenant_id()
    return Connection.objects.create(
        kind=kind,
        name=_("Imported history"),
        state=ConnectionState.OFF,
        account={"history": True},
        sealed_settings=secrets.seal(json.dumps({}), tenant_id=tenant_id, place=accounts.SETTINGS_PLACE),
        token_hash=digest(token),
        sealed_token=secrets.seal(token, tenant_id=tenant_id, place=accounts.TOKEN_PLACE),
    ).pk


def _threads(
    ledger: Ledger, spoken: set[str], lines: Mapping[str, int], contacts: Mapping[str, int]
) -> dict[tuple[str, str], int]:
    """(the file's contact, kind of channel) → thread."""
    wanted = {(ledger.leads[lead]["contact"], ledger.leads[lead]["channel"]) for lead in spoken}
    last: dict[tuple[str, str], dt.datetime] = {}
    for row in ledger.messages.values():
        if row["lead"] in spoken:
            key = ledger.leads[row["lead"]]["contact"], ledger.leads[row["lead"]]["channel"]
            last[key] = max(last.get(key, row["at"]), row["at"])
    there = {
        (row.connection_id, row.chat): row.pk
        for row in Conversation.objects.filter(connection__in=list(lines.values()), chat__startswith=CHAT)
    }
    new = [
        Conversation(
            contact_id=contacts[contact],
            connection_id=lines[kind],
            chat=f"{CHAT}{contact}",
            state=Conversation.State.CLOSED,
            holder=Holder.NONE,
            created_at=ledger.first_seen[contact],
            last_message_at=last[contact, kind],
        )
        for contact, kind in sorted(wanted)
        if (lines[kind], f"{CHAT}{contact}") not in there
    ]
    for row in Conversation.objects.bulk_create(new, batch_size=BATCH):
        there[row.connection_id, row.chat] = row.pk
    return {(contact, kind): there[lines[kind], f"{CHAT}{contact}"] for contact, kind in wanted}
