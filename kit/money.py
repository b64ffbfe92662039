"""Money: `Decimal` with two places, rounded half up, divided without losing a kopeck."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def quantize(amount: Decimal | int | str) -> Decimal:
    """`amount` with two places, a half goes away from zero (0.005 → 0.01, -0.005 → -0.01).

    Raises ValueError for floats and for what is no finite number.
    """
    if isinstance(amount, float):
        raise ValueError("money is never a float")
    value = Decimal(amount)
    if not value.is_finite():
        raise ValueError("not an amount")
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def split(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """`amount` divided by `weights` into parts of whole kopecks whose sum is exactly `amount`.

    Kopecks left over go where the cut-off fraction is largest, the earlier part first among equals. All weights zero
    count as equal. Raises ValueError without weights or with a negative one.
    """
    total = quantize(amount)
    shares = [Decimal(weight) for weight in weights]
    if not shares or any(share < 0 for share in shares):
        raise ValueError("weights must be given and not negative")
    if not any(shares):
        shares = [Decimal(1)] * len(shares)
    sign = -1 if total < 0 else 1
    cents = int(abs(total) / CENT)
    whole = sum(shares)
    # Exact integers: Decimal division rounds at 28 places, which could move a kopeck between equal parts.
    scale = 10 ** max(0, *(-int(share.as_tuple().exponent) for share in shares))
    parts = [int(share * scale) for share in shares]
    divisor = int(whole * scale)
    floors = [cents * part // divisor for part in parts]
    rest = cents - sum(floors)
    order = sorted(range(len(parts)), key=lambda i: (-(cents * parts[i] % divisor), i))
    for index in order[:rest]:
        floors[index] += 1
    return [(sign * floor * CENT).quantize(CENT) for floor in floors]


def percent(amount: Decimal, share: Decimal | int) -> Decimal:
    """`share` per cent of `amount`, rounded half up."""
    return quantize(amount * Decimal(share) / 100)
