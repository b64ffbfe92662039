"""Claims: fair between tenants, one at a time within a thread, never a row that another worker holds."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from connections import accounts
from connections.models import InboundEvent
from tests.conftest import Salon, make_salon
from tests.connections import telegram
from work import claim, sweep
from work.rows import LeaseLost, State

LEASE = dt.timedelta(seconds=30)


def fill(salon: Salon, count: int, *, thread: str = "", due: dt.timedelta = dt.timedelta()) -> None:
    """Due events of a tenant."""
    with salon.work():
        account = accounts.create("telegram", settings=telegram.BOT)
        now = timezone.now()
        InboundEvent.objects.bulk_create(
            InboundEvent(
                connection=account,
                external_id=uuid.uuid4().hex,
                raw=b"{}",
                received_at=now,
                due_at=now + due,
                thread=thread,
            )
            for _ in range(count)
        )


def ids(claims: list[claim.Claim]) -> list[int]:
    return [taken.id for taken in claims]


def test_a_small_tenant_is_served_beside_a_large_one(live_db: Any, salon: Salon, other_salon: Salon) -> None:
    fill(salon, 300)
    fill(other_salon, 1)
    taken = claim.due(InboundEvent, batch=20, lease=LEASE)
    assert other_salon.id in {each.tenant_id for each in taken}


def test_the_share_of_a_lone_tenant_is_the_whole_batch(live_db: Any, salon: Salon) -> None:
    fill(salon, 50)
    assert len(claim.due(InboundEvent, batch=40, lease=LEASE)) == 40


def test_future_rows_are_left_alone(live_db: Any, salon: Salon) -> None:
    fill(salon, 3, due=dt.timedelta(minutes=1))
    assert claim.due(InboundEvent, batch=10, lease=LEASE) == []


def test_two_workers_never_share_a_row(live_db: Any, salon: Salon) -> None:
    fill(salon, 200)
    taken: list[int] = []

    def work() -> None:
        while claims := claim.due(InboundEvent, batch=7, lease=LEASE):
            taken.extend(ids(claims))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == len(set(taken)) == 200


def test_a_thread_is_taken_in_order_one_at_a_time(live_db: Any, salon: Salon) -> None:
    fill(salon, 3, thread="chat:1")
    first = claim.due(InboundEvent, batch=10, lease=LEASE)
    assert len(first) == 1
    assert claim.due(InboundEvent, batch=10, lease=LEASE) == []
    with salon.work():
        row = InboundEvent.objects.get(pk=first[0].id)
        row.finish(token=first[0].token)
    assert ids(claim.due(InboundEvent, batch=10, lease=LEASE)) == [first[0].id + 1]


def test_a_row_that_failed_before_does_not_hold_up_its_thread(live_db: Any, salon: Salon) -> None:
    fill(salon, 2, thread="chat:1")
    (first,) = claim.due(InboundEvent, batch=10, lease=LEASE)
    with salon.work():
        InboundEvent.objects.get(pk=first.id).retry(token=first.token, error="x", after=dt.timedelta(hours=1))
    assert ids(claim.due(InboundEvent, batch=10, lease=LEASE)) == [first.id + 1]


@pytest.mark.parametrize(
    ("held", "becomes"), [(State.CLAIMED, State.PENDING), (State.CALLING, State.IN_DOUBT)]
)
def test_the_row_of_a_dead_worker(held: State, becomes: State, live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    (taken,) = claim.due(InboundEvent, batch=1, lease=dt.timedelta(seconds=-1))
    with salon.work():
        row = InboundEvent.objects.get(pk=taken.id)
        if held == State.CALLING:
            row.begin_call(token=taken.token)
            InboundEvent.objects.update(lease_until=row.received_at - LEASE)
    sweep.free_stale(sweep.queue("inbound"))
    with salon.work():
        assert InboundEvent.objects.get(pk=taken.id).state == becomes


def test_a_lost_lease_records_nothing(live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    (taken,) = claim.due(InboundEvent, batch=1, lease=LEASE)
    with salon.work():
        row = InboundEvent.objects.get(pk=taken.id)
        with pytest.raises(LeaseLost):
            row.finish(token=uuid.uuid4())
        assert InboundEvent.objects.get(pk=taken.id).state == State.CLAIMED


def test_attempts_end_with_a_dead_row(live_db: Any, salon: Salon) -> None:
    fill(salon, 1)
    for _ in range(InboundEvent.max_attempts):
        (taken,) = claim.due(InboundEvent, batch=1, lease=LEASE)
        with salon.work():
            InboundEvent.objects.get(pk=taken.id).retry(token=taken.token, error="x", after=dt.timedelta(0))
    with salon.work():
        assert InboundEvent.objects.get().state == State.DEAD


def test_the_clock_of_a_demo_tenant_makes_its_rows_due(live_db: Any) -> None:
    from tenants import clock
    from tenants.models import Tenant

    demo = make_salon("demo", email="demo@example.com")
    with demo.work():
        Tenant.objects.update(is_demo=True)
    fill(demo, 1, due=dt.timedelta(hours=5))
    assert claim.due(InboundEvent, batch=1, lease=LEASE) == []
    with demo.work():
        clock.move(dt.timedelta(hours=6))
    assert len(claim.due(InboundEvent, batch=1, lease=LEASE)) == 1


def test_the_clock_of_a_real_tenant_does_not_move(salon: Salon) -> None:
    from tenants import clock

    with salon.work(), pytest.raises(clock.NotDemo):
        clock.move(dt.timedelta(hours=1))
