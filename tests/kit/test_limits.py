"""Token buckets, with Redis and without it."""

import os
import signal
import threading
import time
import uuid

import pytest

from kit import broker, limits


@pytest.fixture
def key():
    return f"test:{uuid.uuid4()}"


def taken(key, tries, **bucket):
    return sum(limits.take(key, **bucket) == 0 for _ in range(tries))


@pytest.fixture(params=["redis_url", "no_redis"])
def either(request):
    return request.getfixturevalue(request.param)


def test_a_burst_passes_and_no_more(either, key):
    assert taken(key, 20, rate=0.5, burst=5) == 5


def test_the_wait_is_told_and_is_enough(either, key):
    assert limits.take(key, rate=10, burst=1) == 0
    wait = limits.take(key, rate=10, burst=1)
    assert 0.05 < wait <= 0.1
    time.sleep(wait + 0.01)
    assert limits.take(key, rate=10, burst=1) == 0


def test_a_refusal_takes_nothing(either, key):
    assert limits.take(key, rate=1, burst=10, cost=9) == 0
    assert limits.take(key, rate=1, burst=10, cost=9) > 7
    assert limits.take(key, rate=1, burst=10, cost=1) == 0


def test_keys_are_apart(either, key):
    assert taken(key, 3, rate=0.5, burst=1) == 1
    assert taken(key + "x", 3, rate=0.5, burst=1) == 1


def test_a_pause_holds(either, key):
    limits.pause(key, 5, rate=30)
    assert 4.5 < limits.take(key, rate=30, burst=30) <= 5


def test_no_second_holds_more_than_a_quota(either, key):
    quota = limits.Quota(5, 0.4)
    granted = []
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        count, wait = limits.share(key, quota, wanted=3)
        granted += [time.monotonic()] * count
        if not count:
            assert 0 < wait <= quota.span
            time.sleep(min(wait, 0.02))
    assert 15 <= len(granted) <= 20
    assert all(later - earlier > quota.span - 0.02 for earlier, later in zip(granted, granted[5:]))  # noqa: B905


def test_of_a_quota_one_gets_what_is_left(either, key):
    quota = limits.Quota(5, 60)
    assert limits.share(key, quota, wanted=3) == (3, 0.0)
    assert limits.share(key, quota, wanted=9) == (2, 0.0)
    none, wait = limits.share(key, quota, wanted=1)
    assert (none, 59 < wait <= 60) == (0, True)


def test_a_quota_is_quiet_for_as_long_as_the_provider_wants(either, key):
    quota = limits.Quota(5, 1)
    limits.share(key, quota, wanted=1)
    limits.hush(key, 5, quota)
    none, wait = limits.share(key, quota, wanted=1)
    assert (none, 4.5 < wait <= 5) == (0, True)
    limits.hush(key, 0.1, quota)
    time.sleep(0.15)
    assert limits.share(key, quota, wanted=9) == (5, 0.0)


@pytest.mark.parametrize("quota", [limits.Quota(0, 1), limits.Quota(1, 0)])
def test_impossible_quotas_are_refused(quota):
    with pytest.raises(ValueError):
        limits.share("k", quota, wanted=1)


@pytest.mark.parametrize("bucket", [{"rate": 0, "burst": 1}, {"rate": 1, "burst": 1, "cost": 2}])
def test_impossible_buckets_are_refused(bucket):
    with pytest.raises(ValueError):
        limits.take("k", **bucket)


def test_threads_do_not_take_more_than_there_is(redis_url, key):
    passed = []

    def work():
        passed.append(taken(key, 20, rate=0.1, burst=30))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 30


def test_the_bucket_is_shared_and_forgotten_when_full(redis_url, key):
    limits.take(key, rate=100, burst=2)
    client = broker.client()
    assert 0 < client.pttl(f"limit:{key}") <= 1100


def test_a_hung_redis_costs_half_a_second_once(server, redis_url, key):
    limits.take(key, rate=1, burst=100)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert taken(key, 100, rate=1, burst=50) == 50
        assert time.monotonic() - started < 1.5
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_redis_is_used_again_when_it_is_back(server, key):
    broker.configure(url="redis://127.0.0.1:9/0")
    try:
        assert broker.attempt(lambda client: client.ping(), "away") == "away"
        assert not broker.breaker.permits()
        broker._url, broker._client = server.url, None
        deadline = time.monotonic() + 5
        while broker.attempt(lambda client: client.ping(), "away") == "away":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert broker.attempt(lambda client: client.ping(), "away") is True
    finally:
        broker.configure(url=None)
