"""Names and phones: the client's own, and the masters they ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.understanding import words
from assistant.understanding.vocabulary import Vocabulary
from bookings.models import Staff
from kit import phones

_NAME = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?(?: [^\W\d_]+(?:-[^\W\d_]+)?){0,2}")
_CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")


def phone(text: str, *, region: str = "RU") -> str | None:
    """The first phone in the text, E.164."""
    return phones.find(text, region)


def introduced(text: str, vocabulary: Vocabulary) -> str | None:
    """The name in "my name is Anna"."""
    spoken = words.spoken(text)
    as_written = words.as_written(text)
    for opening in vocabulary.mine:
        size = len(opening)
        for start in range(len(spoken) - size):
            lemmas = tuple(word.lemma for word in spoken[start : start + size])
            if lemmas == opening and _is_name(spoken[start + size].token):
                return as_written[start + size].title()
    return None


def answered(text: str, vocabulary: Vocabulary) -> str | None:
    """The name in an answer to "what is your name": the words themselves, when they can be one."""
    found = introduced(text, vocabulary)
    if found:
        return found
    bare = re.sub(r"[+\d()\-]{5,}", " ", text)
    bare = " ".join(bare.replace(",", " ").replace(".", " ").replace("!", " ").split())
    if not _NAME.fullmatch(bare) or len(bare) > 60:
        return None
    return bare.title()


def _is_name(word: str) -> bool:
    if not words.is_cyrillic(word):
        return len(word) > 1 and word.isalpha()
    return any("Name" in parse.tag for parse in words.morph().parse(word))


def master(text: str, staff: Sequence[Staff]) -> int | None:
    """The master whose name was said, in any of its forms; None when none was, or when two could be meant."""
    spoken = set(words.tokens(text))
    named = {one.pk for one in staff if _forms(words.folded(one.name.split(" ")[0])) & spoken}
    return named.pop() if len(named) == 1 else None


def _forms(name: str) -> frozenset[str]:
    """A first name in its cases; the client's own word keeps its form, its lemma may be another name."""
    if not name:
        return frozenset()
    made = {name}
    if words.is_cyrillic(name):
        for parse in words.morph().parse(name):
            if "Name" in parse.tag:
                for case in _CASES:
                    form = parse.inflect({case})
                    if form:
                        made.add(words.folded(form.word))
    return frozenset(made)
