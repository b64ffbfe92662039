"""Token buckets shared by all processes through Redis; while it is away each process counts for itself.

A limit here spares a provider's patience or slows a guesser. It is no promise: what must not happen twice is a row.
"""

from __future__ import annotations

import threading
import time

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
_PAUSE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local rate, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', 1 - seconds * rate), 'at', string.format('%.6f', at))
redis.call('PEXPIRE', KEYS[1], math.ceil(seconds * 1000) + 60000)
return 1
"""

_local: dict[str, tuple[float, float]] = {}
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
