"""The colours of both themes can be read: every pair that meets on a page keeps WCAG's contrast."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT, SHAPE = 4.5, 3.0  # WCAG 1.4.3 and 1.4.11, level AA

GROUNDS = ("paper", "surface", "raised", "sunken", "hover")
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS],
    *[
        (ink, ground, TEXT)
        for ink in ("accent", "gain", "loss", "wait")
        for ground in ("paper", "surface", "raised")
    ],
    *[(ink, f"{ink}-soft", TEXT) for ink in ("accent", "gain", "loss", "wait")],
    *[("ink", f"{tone}-soft", TEXT) for tone in ("accent", "gain", "loss", "wait")],
    ("accent-strong", "accent-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("on-loss", "loss", TEXT),
    ("ink", "note", TEXT),
    ("ink-2", "note", TEXT),
    *[("line-strong", ground, SHAPE) for ground in ("paper", "surface", "raised")],
    *[(f"series-{n}", "surface", SHAPE) for n in range(1, 7)],
]


def tokens() -> dict[str, tuple[str, str]]:
    """Each colour's value in the light and in the dark theme."""
    css = (ROOT / "static/css/tokens.css").read_text()
    return {
        name: (light, dark)
        for name, light, dark in re.findall(r"--mz-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    }


def luminance(colour: str) -> float:
    """WCAG's relative luminance of `#rrggbb`."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS, ids=str)
def test_can_be_read(ink: str, ground: str, least: float, theme: int) -> None:
    colours = tokens()
    assert contrast(colours[ink][theme], colours[ground][theme]) >= least
