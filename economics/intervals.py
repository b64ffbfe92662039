"""Intervals and comparisons of small samples, as pure functions: an owner must see how little four visits tell."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)

# Below it a figure is only counted out ("2 of 4"), from it on shown with its interval; enough for a plain number.
TOO_FEW, FEW = 5, 30


def confidence(n: int) -> str:
    """How far `n` rows carry: none, too_few (< 5), few (< 30), enough."""
    if n == 0:
        return "none"
    return "too_few" if n < TOO_FEW else "few" if n < FEW else "enough"


def half_up(value: Fraction, places: int) -> Decimal:
    """An exact ratio rounded once, for output, halves away from zero."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (Decimal(whole) if value >= 0 else -Decimal(whole)).scaleb(-places)


def wilson(hits: int, n: int) -> tuple[float, float] | None:
    """95 % Wilson score interval of a share; None without rows. Stays within [0, 1] even at 1 of 7."""
    if n == 0:
        return None
    share, z2 = hits / n, Z95 * Z95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def byar(n: int) -> tuple[float, float]:
    """95 % interval of a Poisson count by Byar's approximation."""
    low = n * (1 - 1 / (9 * n) - Z95 / (3 * math.sqrt(n))) ** 3 if n else 0.0
    above = n + 1
    return low, above * (1 - 1 / (9 * above) + Z95 / (3 * math.sqrt(above))) ** 3


def mean(n: int, total: Decimal, squares: Decimal) -> tuple[float, float] | None:
    """95 % t interval of the mean of `n` amounts, from their sum and the sum of their squares; None below five."""
    if n < TOO_FEW:
        return None
    middle = float(total) / n
    variance = float((squares - total * total / n) / (n - 1))
    reach = t_quantile(n - 1) * math.sqrt(max(0.0, variance) / n)
    return middle - reach, middle + reach


def shares_differ(hits_a: int, n_a: int, hits_b: int, n_b: int) -> bool:
    """Does Newcombe's 95 % interval of the difference of two shares exclude zero?"""
    a, b = wilson(hits_a, n_a), wilson(hits_b, n_b)
    if a is None or b is None:
        return False
    share_a, share_b = hits_a / n_a, hits_b / n_b
    gap = share_b - share_a
    low = gap - math.hypot(share_b - b[0], a[1] - share_a)
    high = gap + math.hypot(b[1] - share_b, share_a - a[0])
    return low > 0 or high < 0


def means_differ(a: tuple[int, Decimal, Decimal], b: tuple[int, Decimal, Decimal]) -> bool:
    """Welch's test of two means at 95 %; each is (rows, sum, sum of squares)."""
    if a[0] < TOO_FEW or b[0] < TOO_FEW:
        return False

    def parts(n: int, total: Decimal, squares: Decimal) -> tuple[float, float]:
        return float(total) / n, max(0.0, float((squares - total * total / n) / (n - 1))) / n

    (mean_a, error_a), (mean_b, error_b) = parts(*a), parts(*b)
    error = error_a + error_b
    if error == 0:
        return mean_a != mean_b
    freedom = error**2 / (error_a**2 / (a[0] - 1) + error_b**2 / (b[0] - 1))
    return abs(mean_b - mean_a) > t_quantile(freedom) * math.sqrt(error)


def rates_differ(n_a: int, cost_a: Decimal, n_b: int, cost_b: Decimal) -> bool:
    """Do two costs per head differ beyond the chance of the counts? Compares heads per ruble as Poisson rates."""
    if min(n_a, n_b) < TOO_FEW or cost_a <= 0 or cost_b <= 0:
        return False
    # Given the heads of both, the first part is binomial with the first part of the money.
    interval = wilson(n_a, n_a + n_b)
    fair = float(cost_a / (cost_a + cost_b))
    return interval is not None and not interval[0] <= fair <= interval[1]


def t_quantile(freedom: float) -> float:
    """The 0.975 quantile of Student's t."""
    low, high = 0.0, 1000.0
    for _ in range(100):
        middle = (low + high) / 2
        tail = _beta(freedom / (freedom + middle * middle), freedom / 2, 0.5) / 2
        low, high = (middle, high) if 1 - tail < 0.975 else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # Evaluated from the front with Lentz's method; `numerator` steps through the fraction's coefficients.
    value = ratio_c = 1.0
    ratio_d = 0.0
    for step in range(400):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        ratio_d = 1 / ((1 + numerator * ratio_d) or 1e-300)
        ratio_c = (1 + numerator / ratio_c) or 1e-300
        change = ratio_c * ratio_d
        value *= change
        if step and abs(change - 1) < 1e-15:
            break
    return math.exp(log_front) * (value - 1) / a
