"""Threads that work for one tenant after another, with errors in between, see only what is that tenant's."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from conversations.models import Conversation, Message
from tenants import wall
from tests.storms import town
from tests.storms.conftest import Blow
from tests.storms.house import House

pytestmark = pytest.mark.storm


class Stumble(Exception):
    """Injected."""


def setting() -> str:
    """The tenant that the database believes is at work, "" for none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.tenant_id', true), '')")
        return cursor.fetchone()[0]


def test_threads_that_change_tenants_and_stumble_never_see_a_strangers_row(
    house: House, blow: Blow, tell: Any
) -> None:
    shops = town.open_shops(4)
    for shop in shops:
        town.owe(shop, 5, key=f"of{shop.id}")
    wrong: list[str] = []
    rounds, stumbled = blow.many(60, 5000), [0] * 16

    def work(seat: int) -> None:
        chance = blow.random.__class__(blow.seed * 100 + seat)
        for _ in range(rounds):
            shop = chance.choice(shops)
            try:
                with shop.salon.work():
                    _look(shop, chance.random(), wrong)
            except Stumble:
                stumbled[seat] += 1
            if setting():
                wrong.append(f"left inside {setting()}")
            if wall.entered():
                wrong.append("the scope is still entered")
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM conversations_message")
                if cursor.fetchone()[0]:
                    wrong.append("rows without a tenant")
        connection.close()

    threads = [threading.Thread(target=work, args=(seat,)) for seat in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(rounds=16 * rounds, stumbled=sum(stumbled))
    assert wrong == []
    assert sum(stumbled) > rounds


def _look(shop: town.Shop, chance: float, wrong: list[str]) -> None:
    """Reads by ORM and by bare SQL, writes, and stumbles in one of several ways, or not."""
    rows = list(Message.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, text FROM conversations_message")
        rows_below = cursor.fetchall()
    if len(rows) != 5 or any(row.tenant_id != shop.id or f"of{shop.id}:" not in row.text for row in rows):
        wrong.append("a stranger's row by the ORM")
    if len(rows_below) != 5 or {tenant_id for tenant_id, _ in rows_below} != {shop.id}:
        wrong.append("a stranger's row below the ORM")
    if Conversation.objects.update(unread=1) != 5:
        wrong.append("wrote elsewhere")
    if chance < 0.2:
        raise Stumble
    if chance < 0.4:
        try:
            with wall.tenant_tx(shop.id), connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        except Exception as error:
            raise Stumble from error
    if chance < 0.5:
        try:
            with wall.tenant_tx(shop.id + 1):
                wrong.append("entered another tenant")
        except wall.CrossTenant:
            pass
    if chance < 0.6:
        connection.close()  # the line broke; whatever the next one does begins afresh
        raise Stumble
