"""A portal's two limits are kept by us: it never has to refuse, and when it does we fall silent."""

import pytest

from fakes.bitrix24 import FakeBitrix24
from fakes.server import Answer
from integrations import errors
from integrations.bitrix24 import address, batch, client, limits
from kit import guard, http


@pytest.fixture
def bitrix():
    before = guard.private_hosts_allowed()
    http.configure(allow_private_hosts=True)
    with FakeBitrix24() as running:
        yield running
        assert not running.rest.crashes
    http.configure(allow_private_hosts=before)


@pytest.fixture
def portal(bitrix):
    """A client whose clock is the portal's own."""
    return client.Client(address.parse(bitrix.webhook_url), limits.Pace(clock=bitrix.portal.clock.now))


def call(portal, method="server.time", **params):
    return http.run(portal.call(method, params, repeatable=True))


def until_told(one):
    """Call until the wire says `Retry` by itself; the pause it asks for."""
    for _ in range(200):
        try:
            one()
        except errors.Retry as pause:
            return pause
    raise AssertionError("never a pause")


def test_a_burst_stops_by_itself_before_the_portals_bucket_is_full(bitrix, portal):
    pause = until_told(lambda: call(portal))
    assert pause.reason == "rate"
    assert pause.whole_account
    assert 0 < pause.after < 1
    assert 45 <= len(bitrix.ledger) <= 49
    assert bitrix.ledgers.highest <= 46
    assert {seen.status for seen in bitrix.ledger} == {200}


def test_two_portals_do_not_wait_for_each_other(bitrix, portal):
    until_told(lambda: call(portal))
    with FakeBitrix24() as other:
        call(client.Client(address.parse(other.webhook_url), portal.pace))
        assert len(other.ledger) == 1


def test_a_refusal_for_rate_silences_us_for_a_while(bitrix, portal):
    bitrix.on("", Answer(503, {"error": "QUERY_LIMIT_EXCEEDED"}))
    with pytest.raises(errors.Retry) as first:
        call(portal)
    with pytest.raises(errors.Retry) as second:
        call(portal)
    assert first.value.reason == second.value.reason == "rate"
    assert 0 < second.value.after <= first.value.after == limits.FLOOD_PAUSE
    assert len(bitrix.ledger) == 1


def test_a_method_nearly_out_of_time_is_left_alone_until_its_reset_and_others_go_on(bitrix, portal):
    bitrix.ledgers.costs["crm.item.list"] = 50.0
    pause = until_told(lambda: call(portal, "crm.item.list", entityTypeId=2))
    assert pause.reason == "operating"
    assert not pause.whole_account
    assert len(bitrix.ledger) == 8  # 400 of 480 seconds
    assert 0 < pause.after <= 600
    call(portal)
    bitrix.portal.clock.advance(pause.after + 1)
    call(portal, "crm.item.list", entityTypeId=2)
    assert {seen.status for seen in bitrix.ledger} == {200}


def test_the_ledger_is_read_inside_batches_too(bitrix, portal):
    bitrix.ledgers.costs["crm.item.list"] = 50.0
    listing = batch.Command("crm.item.list", {"entityTypeId": 2})
    pause = until_told(lambda: http.run(portal.together({"a": listing}, repeatable=True)))
    assert pause.reason == "operating"
    assert len(bitrix.ledger) == 8
    assert bitrix.ledgers.operating(bitrix.portal.code, "crm.item.list") < bitrix.ledgers.threshold


def test_a_refusal_for_working_time_closes_that_method_only(bitrix, portal):
    bitrix.on("", Answer(429, {"error": "OPERATION_TIME_LIMIT"}))
    with pytest.raises(errors.Retry):
        call(portal, "crm.item.list", entityTypeId=2)
    with pytest.raises(errors.Retry):
        call(portal, "crm.item.list", entityTypeId=2)
    call(portal)
    assert len(bitrix.ledger) == 2
