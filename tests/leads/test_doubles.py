"""Two requests of one person are one, and two again when the people are; who is no client has none."""

from __future__ import annotations

import datetime as dt

import pytest

from conversations import merging
from conversations.models import Contact, Merge
from leads import doubles, pipeline
from leads.models import Lead
from tests.conftest import Salon


@pytest.fixture
def pair(salon: Salon) -> tuple[Contact, Contact]:
    """Two contacts with an open request each, an hour apart."""
    with salon.work():
        now = salon.now()
        one, two = (Contact.objects.create(name=name) for name in ("Анна", "Аня"))
        ask(one, now=now - dt.timedelta(hours=1))
        ask(two, now=now)
        return one, two


def ask(contact: Contact, *, now: dt.datetime) -> Lead:
    return pipeline.open_lead(contact=contact, channel_kind="telegram", request="Стрижка", now=now)


def merged(salon: Salon, one: Contact, two: Contact) -> Merge:
    return merging.merge(one, two, reason="hand", now=salon.now())


@pytest.mark.parametrize("survivor", [0, 1])
def test_the_older_request_stays_whoever_survives(
    salon: Salon, pair: tuple[Contact, Contact], survivor: int
) -> None:
    with salon.work():
        older, newer = Lead.objects.order_by("created_at")
        pipeline.advance(newer, "qualified", now=salon.now())
        done = merged(salon, pair[survivor], pair[1 - survivor])
        for lead in (older, newer):
            lead.refresh_from_db()
            assert lead.contact_id == pair[survivor].pk
        assert (older.status, older.duplicate_of_id) == ("new", None)
        assert (newer.status, newer.duplicate_of_id) == ("lost", older.pk)
        assert newer.lost_reason

        merging.undo(done, now=salon.now())
        older.refresh_from_db()
        newer.refresh_from_db()
        assert (older.contact_id, older.status) == (pair[0].pk, "new")
        assert (newer.contact_id, newer.status, newer.duplicate_of_id) == (pair[1].pk, "qualified", None)
        assert (newer.lost_reason, newer.closed_at) == ("", None)


def test_a_double_stays_closed_where_a_new_request_is_open(
    salon: Salon, pair: tuple[Contact, Contact]
) -> None:
    with salon.work():
        done = merged(salon, *pair)
        newer = Lead.objects.get(duplicate_of__isnull=False)
        third = Contact.objects.create(name="Третья")
        # The one who goes has an open request by now that did not come by the merge.
        other = ask(third, now=salon.now())
        Lead.objects.filter(pk=other.pk).update(contact=pair[1])
        merging.undo(done, now=salon.now())
        newer.refresh_from_db()
        assert (newer.status, newer.contact_id) == ("lost", pair[1].pk)
        assert pipeline.open_of(pair[1]) == other


def test_one_request_of_two_people_is_left_alone(salon: Salon, pair: tuple[Contact, Contact]) -> None:
    with salon.work():
        pipeline.lose(Lead.objects.order_by("created_at")[1], reason="Дорого", now=salon.now())
        merged(salon, *pair)
        assert list(Lead.objects.order_by("created_at").values_list("status", "lost_reason")) == [
            ("new", ""),
            ("lost", "Дорого"),
        ]
        assert not Lead.objects.filter(duplicate_of__isnull=False).exists()


def test_who_is_no_client_has_no_request_and_gets_it_back(
    salon: Salon, pair: tuple[Contact, Contact]
) -> None:
    with salon.work():
        lead = Lead.objects.get(contact=pair[0])
        pipeline.answered(lead, by_human=True, now=salon.now())
        doubles.disown(pair[0], now=salon.now())
        lead.refresh_from_db()
        assert (lead.status, lead.is_spam) == ("lost", True)
        doubles.disown(pair[0], now=salon.now())
        doubles.own_again(pair[0], now=salon.now())
        lead.refresh_from_db()
        assert (lead.status, lead.is_spam, lead.lost_reason) == ("contacted", False, "")


def test_a_newer_request_is_not_pushed_aside(salon: Salon, pair: tuple[Contact, Contact]) -> None:
    with salon.work():
        doubles.disown(pair[0], now=salon.now())
        ask(pair[0], now=salon.now())
        doubles.own_again(pair[0], now=salon.now())
        assert sorted(Lead.objects.filter(contact=pair[0]).values_list("status", flat=True)) == [
            "lost",
            "new",
        ]
