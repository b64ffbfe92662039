"""The words of people and portals that this wire has to recognise, read from words.toml."""

from __future__ import annotations

import pathlib
import re
import tomllib
from collections.abc import Mapping, Sequence

from kit import text

_DATA = tomllib.loads(pathlib.Path(__file__).with_name("words.toml").read_text("utf-8"))

STAGE_IDS: Mapping[str, Sequence[str]] = _DATA["stage_ids"]
SOURCE_IDS: Mapping[str, Sequence[str]] = _DATA["source_ids"]


def _pattern(beginnings: Sequence[str]) -> re.Pattern[str]:
    # A word's beginning, not any place in it; "not came" must be told from "came" by the caller's order.
    return re.compile("|".join(rf"(?<!\w){re.escape(text.fold(word))}" for word in beginnings))


_STAGES = {step: _pattern(words) for step, words in _DATA["stages"].items()}
_SOURCES = {source: _pattern(words) for source, words in _DATA["sources"].items()}
_PLAN = _pattern(_DATA["refusals"]["plan"])

SOURCES: Sequence[str] = tuple(_SOURCES)
"""Our source words that have names to recognise."""


def names_stage(step: str, name: str) -> bool:
    """Whether a stage of this name is likely meant for that step."""
    return step in _STAGES and _STAGES[step].search(text.fold(name)) is not None


def names_source(source: str, name: str) -> bool:
    """Whether a source of this name is likely our channel."""
    return source in _SOURCES and _SOURCES[source].search(text.fold(name)) is not None


def speaks_of_plan(refusal: str) -> bool:
    """Whether a refusal blames the portal's plan and not a missing right."""
    return _PLAN.search(text.fold(refusal)) is not None
