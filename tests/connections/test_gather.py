"""Rows of many requests in one commit: a bad one, a tangled one or a silent database spares the others."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Any

import psycopg2.errors
import pytest

from connections import events, gather, hooks
from connections.models import InboundEvent
from integrations import registry
from integrations.protocols.channel import HookRequest
from tenants.models import digest
from tests.conftest import Salon
from tests.connections import telegram


def rows(salon: Salon, count: int) -> list[events.Row]:
    path = telegram.connect(salon)
    account = hooks.resolve(events.connect(), digest(path.split("/")[3]))
    assert account is not None
    wire = registry.channel("telegram")
    return [
        events.row(
            wire,
            HookRequest(body=b'{"update_id": %d}' % number, headers={}),
            tenant_id=account.tenant_id,
            connection_id=account.connection_id,
            received_at=salon.now(),
        )
        for number in range(count)
    ]


def store(gatherer: gather.Gatherer, given: list[events.Row], *, patience: float = 3.0) -> list[Any]:
    async def together() -> list[Any]:
        waiting = (gatherer.store(row, patience=patience) for row in given)
        return await asyncio.gather(*waiting, return_exceptions=True)

    return asyncio.run(together())


def kept(salon: Salon) -> set[str]:
    with salon.work():
        return set(InboundEvent.objects.values_list("external_id", flat=True))


def test_a_row_that_cannot_be_written_takes_nobody_with_it(live_db: Any, salon: Salon) -> None:
    given = rows(salon, 5)
    given[2] = dataclasses.replace(
        given[2], method="PO\x00ST"
    )  # psycopg2 raises ValueError, no database error
    gatherer = gather.Gatherer()
    results = store(gatherer, given)
    assert [isinstance(each, gather.DatabaseDown) for each in results] == [False, False, True, False, False]
    assert kept(salon) == {"0", "1", "3", "4"}
    assert store(gatherer, given[:1]) == [None], "it goes on"


def test_a_deadlock_is_untangled_row_by_row(
    live_db: Any, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, insert = rows(salon, 5), events.insert

    def tangled(connection: Any, several: Any) -> None:
        if len(several) > 1:
            raise psycopg2.errors.DeadlockDetected
        insert(connection, several)

    monkeypatch.setattr(events, "insert", tangled)
    assert store(gather.Gatherer(), given) == [None] * 5
    assert kept(salon) == {str(number) for number in range(5)}


def test_who_comes_during_a_commit_that_hangs_does_not_wait_for_it(
    live_db: Any, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rows(salon, 3)
    monkeypatch.setattr(events, "insert", lambda *_: time.sleep(1.5))
    gatherer = gather.Gatherer()
    (first,) = store(gatherer, given[:1], patience=0.3)
    assert isinstance(first, gather.DatabaseDown)
    time.sleep(gather.REST_SECONDS)
    began = time.monotonic()
    (second,) = store(gatherer, given[1:2], patience=0.3)
    assert isinstance(second, gather.DatabaseDown)
    assert time.monotonic() - began < 0.2


def test_an_idle_connection_is_given_back_and_the_next_row_opens_another(
    live_db: Any, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "IDLE_SECONDS", 0.2)
    given, gatherer = rows(salon, 2), gather.Gatherer()
    assert store(gatherer, given[:1]) == [None]
    end = time.monotonic() + 5
    while gatherer._connection is not None and time.monotonic() < end:
        time.sleep(0.02)
    assert gatherer._connection is None
    assert store(gatherer, given[1:]) == [None]
    assert kept(salon) == {"0", "1"}
