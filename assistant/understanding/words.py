"""Words as they are compared: folded, cut into tokens, brought to their lemmas."""

from __future__ import annotations

import functools
import re
import threading
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from kit.text import fold

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Shorter words have too many neighbours to guess what was meant.
TYPO_FROM = 5
_LONGEST = 2000

_loading = threading.Lock()
_morph: Any = None


def morph() -> Any:
    """The dictionary of Russian, loaded once (half a second, 30 MB)."""
    global _morph
    if _morph is None:
        with _loading:
            if _morph is None:
                import pymorphy3

                _morph = pymorphy3.MorphAnalyzer()
    return _morph


def warm() -> int:
    """Loads the dictionary before somebody waits for it."""
    morph()
    return 0


def is_cyrillic(text: str) -> bool:
    """Whether the text has a Cyrillic letter."""
    return bool(_CYRILLIC.search(text))


def folded(text: str) -> str:
    """Lower case, one kind of apostrophe, at most so many characters as a person would read."""
    return fold(text[:_LONGEST]).replace("\u2019", "'")


def tokens(text: str) -> list[str]:
    """The words of a text, folded; digits and signs are left out."""
    return _WORD.findall(folded(text))


def as_written(text: str) -> list[str]:
    """The same words as the client wrote them, with their capitals."""
    return _WORD.findall(text[:_LONGEST].replace("\u2019", "'"))


@functools.lru_cache(maxsize=50_000)
def lemma(word: str) -> str:
    """The dictionary form of a folded word; a word of another script as it is, without an English plural."""
    if is_cyrillic(word):
        return fold(morph().parse(word)[0].normal_form)
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def lemmas(text: str) -> list[str]:
    """The lemmas of a text's words, in order."""
    return [lemma(word) for word in tokens(text)]


class Spoken(NamedTuple):
    """A word as it was said and its lemma."""

    token: str
    lemma: str


def spoken(text: str) -> list[Spoken]:
    """The words of a text with their lemmas, in order."""
    return [Spoken(word, lemma(word)) for word in tokens(text)]


@functools.lru_cache(maxsize=50_000)
def known(word: str) -> bool:
    """Whether a dictionary has the folded word; only Russian has one."""
    return bool(morph().word_is_known(word)) if is_cyrillic(word) else False


def close(typed: str, meant: str) -> bool:
    """Whether a word that no dictionary knows is another one with a slip of the finger."""
    if min(len(typed), len(meant)) < TYPO_FROM:
        return False
    allowed = 1 if len(meant) < 7 else 2
    return (
        abs(len(typed) - len(meant)) <= allowed
        and OSA.distance(typed, meant, score_cutoff=allowed) <= allowed
    )
