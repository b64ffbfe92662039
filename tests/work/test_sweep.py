"""One row, one queue or one absence of the database holds up nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError

from connections.models import InboundEvent
from tests.conftest import Salon
from tests.work.test_claim import LEASE, fill
from work import claim, sweep
from work.rows import State


@pytest.fixture(autouse=True)
def queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """No queue but those of the test."""
    monkeypatch.setattr(sweep, "_queues", {})
    monkeypatch.setattr(sweep, "_chores", [])


def queue(**more: Any) -> sweep.Queue:
    given = {
        "name": "inbound",
        "model": InboundEvent,
        "run": lambda claims: None,
        "lease": LEASE,
        "batch": 10,
    }
    return sweep.Queue(**{**given, **more})


def states(salon: Salon) -> list[str]:
    with salon.work():
        return sorted(InboundEvent.objects.values_list("state", flat=True))


def test_a_doubt_that_cannot_be_told_holds_up_no_other(live_db: Any, salon: Salon) -> None:
    fill(salon, 3)
    for taken in claim.due(InboundEvent, batch=3, lease=LEASE):
        with salon.work():
            InboundEvent.objects.get(pk=taken.id).begin_call(token=taken.token)
    with salon.work():
        InboundEvent.objects.update(lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        bad = InboundEvent.objects.order_by("pk").first()

    def tell(row: Any) -> None:
        assert row.pk != bad.pk, "cannot be told"

    sweep.free_stale(queue(doubted=tell))
    assert states(salon) == ["calling", "in_doubt", "in_doubt"]


def test_a_row_claimed_anew_is_not_freed_by_an_older_look(
    live_db: Any, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(salon, 1)
    (taken,) = claim.due(InboundEvent, batch=1, lease=LEASE)
    monkeypatch.setattr(claim, "stale", lambda model: [(taken.tenant_id, taken.id)])
    sweep.free_stale(queue())
    assert states(salon) == ["claimed"]


def test_a_call_gets_a_lease_of_its_own(live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    (taken,) = claim.due(InboundEvent, batch=1, lease=dt.timedelta(seconds=-1))
    with salon.work():
        InboundEvent.objects.get().begin_call(token=taken.token)
    sweep.free_stale(queue())
    assert states(salon) == ["calling"]


def test_a_queue_that_fails_is_told_after_the_others_are_swept(live_db: Any, salon: Salon) -> None:
    fill(salon, 2)
    done: list[int] = []

    def fail(claims: Any) -> None:
        raise ZeroDivisionError

    def finish(claims: Any) -> None:
        for taken in claims:
            with salon.work():
                InboundEvent.objects.get(pk=taken.id).finish(token=taken.token)
            done.append(taken.id)

    sweep.register(queue(name="a", run=fail, batch=1))
    sweep.register(queue(name="b", run=finish, batch=1))
    with pytest.raises(ZeroDivisionError):
        sweep.drain()
    assert len(done) == 1
    assert states(salon) == ["claimed", "done"]


def test_what_was_claimed_when_the_database_went_away_is_due_again_at_once(
    live_db: Any, salon: Salon
) -> None:
    fill(salon, 3)

    def away(claims: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    ours = queue(run=away)
    with pytest.raises(OperationalError):
        sweep.run(ours)
    assert states(salon) == ["claimed"] * 3
    assert sweep.run(dataclasses.replace(ours, run=lambda claims: None)) == 3
    with salon.work():
        assert set(InboundEvent.objects.values_list("attempts", flat=True)) == {1}


def test_a_death_that_cannot_be_told_is_a_death_all_the_same(live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    with salon.work():
        InboundEvent.objects.update(attempts=InboundEvent.max_attempts - 1)

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    sweep.run(queue(run=sweep.one_by_one(InboundEvent, fail, died=fail)))
    assert states(salon) == [State.DEAD]


def test_draining_waits_for_what_is_still_under_way(live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    waits = iter((1, 0))
    sweep.register(queue(wait=lambda: next(waits)))
    assert sweep.drain() == {"inbound": 1}
    assert next(waits, None) is None
