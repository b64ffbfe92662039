"""How fast an account may send: its provider's limit, kept as seen from the provider's side."""

from __future__ import annotations

from kit import limits

# How much later than the next one a message may reach its provider.
SPREAD_SECONDS = 0.05


def share(account_id: int, rate: float, *, wanted: int) -> tuple[int, float]:
    """(how many of `wanted` messages may go now, seconds until one may where none may) at `rate` a second."""
    return limits.share(_key(account_id), quota(rate), wanted=wanted)


def hush(account_id: int, rate: float, *, seconds: float) -> None:
    """The provider told the whole account to be quiet for a while."""
    limits.hush(_key(account_id), seconds, quota(rate))


def quota(rate: float) -> limits.Quota:
    """So many a second in any second.

    A bucket would let its burst and its rate through within one second, twice the limit. And what leaves at the end of
    one span must not meet what leaves at the beginning of the next on the way: hence the margin.
    """
    most = max(int(rate), 1)
    return limits.Quota(most, most / rate + SPREAD_SECONDS)


def _key(account_id: int) -> str:
    return f"send:{account_id}"
