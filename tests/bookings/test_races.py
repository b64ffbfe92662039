"""One slot once: many want it at the same moment, in real transactions."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from bookings import lifecycle, reserve
from bookings.models import Booking
from tests.bookings.conftest import Shop
from tests.conftest import Api, token_of

RACERS = 20


def race(shop: Shop, run: Callable[[int], Any]) -> list[Any]:
    """What each of the racers got: a result or the refusal."""
    gate = threading.Barrier(RACERS)
    got: list[Any] = [None] * RACERS

    def racer(number: int) -> None:
        try:
            gate.wait(10)
            got[number] = run(number)
        except Exception as error:
            got[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=racer, args=(n,)) for n in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


def test_twenty_want_one_time_and_one_gets_it(shop: Shop, live_db: object) -> None:
    start, now = shop.at(shop.monday(), "12:00"), shop.salon.now()

    def book(number: int) -> Booking:
        # Some a little earlier or later: overlaps, not equal times.
        with shop.salon.work():
            return shop.book(start + dt.timedelta(minutes=number % 3 * 5), now=now, contact=None)

    got = race(shop, book)
    kinds = Counter(type(one).__name__ for one in got)
    assert kinds == {"Booking": 1, "SlotTaken": RACERS - 1}, got
    with shop.salon.work():
        won = Booking.objects.get()
        for refused in got:
            if isinstance(refused, lifecycle.SlotTaken):
                assert len(refused.alternatives) == 3
                assert all(
                    slot.ends_at <= won.starts_at or won.during.upper <= slot.starts_at
                    for slot in refused.alternatives
                )


def test_without_the_lock_the_constraint_alone_decides(shop: Shop, live_db: object) -> None:
    start, now = shop.at(shop.monday(), "12:00"), shop.salon.now()
    with shop.salon.work(), transaction.atomic():
        blank = shop.book(start, now=now, contact=None)
        transaction.set_rollback(True)

    def write(number: int) -> bool:
        with shop.salon.work(), transaction.atomic():
            return reserve.write(
                Booking(
                    staff=shop.pasha,
                    starts_at=blank.starts_at,
                    ends_at=blank.ends_at,
                    during=blank.during,
                    local_day=blank.local_day,
                    total=0,
                    public_token=f"race-{number}",
                    created_at=now,
                )
            )

    got = race(shop, write)
    # Whoever waits for another's uncommitted row may be told of a deadlock instead; nobody gets the time twice.
    assert [one for one in got if one is True] == [True]
    with shop.salon.work():
        assert Booking.objects.count() == 1


def test_twenty_want_any_of_two_masters_over_the_api(shop: Shop, live_db: object) -> None:
    token = token_of(shop.salon)
    body = {
        "services": [shop.cut.pk],
        "starts_at": shop.at(shop.monday(), "12:00").isoformat(),
        "name": "Анна",
    }

    def post(number: int) -> Any:
        return Api(token).post("bookings/", body | {"phone": f"+791312345{number:02}"})

    answers = race(shop, post)
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: RACERS - 2}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "slot_taken"
            assert len(set(answer.json()["alternatives"])) == 3
    with shop.salon.work():
        assert Booking.objects.values("staff").distinct().count() == 2
