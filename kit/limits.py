"""Token buckets and quotas shared by all processes through Redis; while it is away each process counts for itself.

A bucket lets a burst through beside its rate; a quota never more than its number within its span. A limit here spares
a provider's patience or slows a guesser. It is no promise: what must not happen twice is a row.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import deque

import redis

from kit import broker

_PREFIX = "limit:"
_MOST_LOCAL = 10_000

# One trip, atomic, by the server's clock. `wait` comes back as text: Lua numbers would be cut to integers.
_TAKE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local rate, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, since = tonumber(kept[1]) or burst, tonumber(kept[2]) or at
tokens = math.min(burst, tokens + math.max(0, at - since) * rate)
local wait = 0
if tokens >= cost then tokens = tokens - cost else wait = (cost - tokens) / rate end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', at))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate * 1000) + 1000)
return string.format('%.6f', wait)
"""
# What was granted, each a member "<number>:<count>" at its moment; as many as are free now, or how long until one is.
_SHARE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local most, span, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', at - span))
local held, used = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), 0
for place = 1, #held, 2 do used = used + tonumber(string.match(held[place], ':(%d+)$')) end
local granted = math.min(wanted, most - used)
if granted > 0 then
  redis.call('ZADD', KEYS[1], string.format('%.6f', at), now[1] .. now[2] .. '-' .. #held .. ':' .. granted)
  redis.call('PEXPIRE', KEYS[1], math.ceil(span * 1000) + 60000)
  return {granted, '0'}
end
for place = 1, #held, 2 do
  used = used - tonumber(string.match(held[place], ':(%d+)$'))
  if used < most then return {0, string.format('%.6f', tonumber(held[place + 1]) + span - at)} end
end
return {0, string.format('%.6f', span)}
"""
_HUSH = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local most, span, seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], string.format('%.6f', at + seconds - span), 'hush:' .. most)
redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(seconds, span) * 1000) + 60000)
return 1
"""
_PAUSE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local rate, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', 1 - seconds * rate), 'at', string.format('%.6f', at))
redis.call('PEXPIRE', KEYS[1], math.ceil(seconds * 1000) + 60000)
return 1
"""

_local: dict[str, tuple[float, float]] = {}
# (moment, count) of what this process granted by itself, oldest first.
_local_shares: dict[str, deque[tuple[float, int]]] = {}
_local_lock = threading.Lock()


def take(key: str, *, rate: float, burst: float, cost: float = 1.0) -> float:
    """Takes `cost` tokens of the bucket `key` (refilled by `rate` a second up to `burst`).

    0.0: taken. Otherwise nothing was taken and the result is how many seconds to wait. Never raises, at most half a
    second. `cost` must not exceed `burst`.
    """
    if rate <= 0 or cost > burst:
        raise ValueError("rate must be positive and burst at least cost")

    def shared(client: redis.Redis) -> float:
        return float(client.eval(_TAKE, 1, _PREFIX + key, repr(rate), repr(burst), repr(cost)))

    wait = broker.attempt(shared, -1.0)
    return wait if wait >= 0 else take_here(key, rate=rate, burst=burst, cost=cost)


def pause(key: str, seconds: float, *, rate: float) -> None:
    """Empties the bucket so that the next token comes after `seconds`: a provider told us to be quiet."""

    def shared(client: redis.Redis) -> bool:
        client.eval(_PAUSE, 1, _PREFIX + key, repr(rate), repr(seconds))
        return True

    broker.attempt(shared, False)
    with _local_lock:
        _local[key] = (1 - seconds * rate, time.monotonic())


@dataclasses.dataclass(frozen=True)
class Quota:
    """`most` within any `span` seconds, however they are spread."""

    most: int
    span: float


def share(key: str, quota: Quota, *, wanted: int) -> tuple[int, float]:
    """(how many of `wanted` may go now, seconds to wait where none may). Never raises, at most half a second."""
    if quota.most < 1 or quota.span <= 0 or wanted < 1:
        raise ValueError("a quota lets something through, and something is wanted")

    def shared(client: redis.Redis) -> tuple[int, float]:
        granted, wait = client.eval(
            _SHARE, 1, f"{_PREFIX}{key}:share", str(quota.most), repr(quota.span), str(wanted)
        )
        return int(granted), float(wait)

    granted, wait = broker.attempt(shared, (-1, 0.0))
    return (granted, wait) if granted >= 0 else _share_here(key, quota, wanted=wanted)


def hush(key: str, seconds: float, quota: Quota) -> None:
    """Nothing goes for `seconds`: a provider told us to be quiet. All of the quota is there again afterwards."""

    def shared(client: redis.Redis) -> bool:
        client.eval(_HUSH, 1, f"{_PREFIX}{key}:share", str(quota.most), repr(quota.span), repr(seconds))
        return True

    broker.attempt(shared, False)
    with _local_lock:
        _local_shares[key] = deque([(time.monotonic() + seconds - quota.span, quota.most)])


def _share_here(key: str, quota: Quota, *, wanted: int) -> tuple[int, float]:
    """`share`, counted in this process alone."""
    now = time.monotonic()
    with _local_lock:
        if len(_local_shares) > _MOST_LOCAL:
            _local_shares.clear()
        held = _local_shares.setdefault(key, deque())
        while held and held[0][0] <= now - quota.span:
            held.popleft()
        used = sum(count for _at, count in held)
        granted = min(wanted, quota.most - used)
        if granted > 0:
            held.append((now, granted))
            return granted, 0.0
        for at, count in held:
            used -= count
            if used < quota.most:
                return 0, at + quota.span - now
        return 0, quota.span


def take_here(key: str, *, rate: float, burst: float, cost: float = 1.0) -> float:
    """As `take`, counted in this process alone: where a trip for each would cost more than it saves."""
    now = time.monotonic()
    with _local_lock:
        if len(_local) > _MOST_LOCAL:
            _local.clear()  # forgetting is generous, and this is the emergency count anyway
        tokens, since = _local.get(key, (burst, now))
        tokens = min(burst, tokens + (now - since) * rate)
        wait = 0.0
        if tokens >= cost:
            tokens -= cost
        else:
            wait = (cost - tokens) / rate
        _local[key] = (tokens, now)
        return wait


def forget() -> None:
    """Forgets what this process counted: for tests, whose rows begin anew under the same ids."""
    with _local_lock:
        _local.clear()
        _local_shares.clear()
