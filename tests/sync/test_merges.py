"""Two mirrored contacts become one here: the portal goes on with one of its own, and nobody is made anew."""

from __future__ import annotations

from typing import Any

from connections.hooks import Door
from conversations import merging
from conversations.models import Contact
from fakes.bitrix24 import FakeBitrix24
from leads.models import Lead
from sync.models import Link
from tests.conftest import Salon
from tests.connections import telegram
from tests.conversations import facts
from tests.sync.test_push import bitrix, lead, portal, sync

__all__ = ["bitrix", "lead", "portal"]


def second(salon: Salon, path: str) -> Lead:
    """Somebody else writes, who will turn out to be Anna."""
    telegram.Writer(Door(), path, chat=900200, name="Аня").say("А на маникюр?")
    facts.pump()
    with salon.work():
        return Lead.objects.select_related("contact").order_by("-id")[0]


def path_of(salon: Salon) -> str:
    from connections import accounts
    from connections.models import Connection

    with salon.work():
        return accounts.hook_path(Connection.objects.get(kind="telegram"))


def test_the_deals_of_both_belong_to_the_survivors_twin(
    lead: Lead,
    portal: FakeBitrix24,
    salon: Salon,
) -> None:
    other = second(salon, path_of(salon))
    for _ in range(2):
        sync(salon)
    assert len(portal.portal.contacts) == 2
    with salon.work():
        done = merging.merge(lead.contact, other.contact, reason="hand", now=salon.now())  # type: ignore[arg-type]
    for _ in range(2):
        sync(salon)
    assert len(portal.portal.contacts) == 2
    with salon.work():
        assert not Link.objects.filter(kind="lead", dirty_since__isnull=False).exists()
        twin = int(Link.objects.get(kind="contact", local_id=lead.contact_id).remote_id)
        lead_deal, other_deal = (
            int(Link.objects.get(kind="lead", local_id=each.pk).remote_id) for each in (lead, other)
        )
    deals = {deal["id"]: deal for deal in portal.portal.deals}
    assert twin in deals[lead_deal]["contactIds"]
    assert twin in deals[other_deal]["contactIds"]
    with salon.work():
        merging.undo(done, now=salon.now())
    for _ in range(2):
        sync(salon)
    assert len(portal.portal.contacts) == 2
    assert len(portal.portal.deals) == 2


def test_a_survivor_whom_the_portal_does_not_know_takes_the_others_twin(
    lead: Lead,
    portal: FakeBitrix24,
    salon: Salon,
) -> None:
    sync(salon)
    with salon.work():
        unknown = Contact.objects.create(name="Анна из базы")
        merging.merge(unknown, lead.contact, reason="hand", now=salon.now())  # type: ignore[arg-type]
    sync(salon)
    assert len(portal.portal.contacts) == 1
    with salon.work():
        links: dict[Any, str] = dict(Link.objects.filter(kind="contact").values_list("local_id", "remote_id"))
        assert links[unknown.pk] == links[lead.contact_id]
        assert not Link.objects.filter(dirty_since__isnull=False).exists()
