"""Services in people's words: lemmas, synonyms and slips against the tenant's own price list.

A word counts the more the fewer services have it, and a service the more of its name was said. Those that come close
to the best are a choice for the client, never a guess.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from assistant.understanding import words
from assistant.understanding.vocabulary import Vocabulary
from bookings.models import Service

# How close to the best a service must come to be a choice beside it.
CLOSE = 0.85
# What is said besides must be at least this telling to be another service of the same visit.
TELLING = 0.5


@dataclasses.dataclass(frozen=True)
class Name:
    """One way to call a service."""

    service_id: int
    lemmas: frozenset[str]


class Index:
    """The words of a price list."""

    def __init__(self, services: Sequence[Service], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.names: list[Name] = []
        for service in services:
            ways = [service.name, *(str(way) for way in service.synonyms)]
            for way in ways:
                telling = frozenset(self._telling(words.lemmas(way)))
                if telling:
                    self.names.append(Name(service.pk, telling))
        having: dict[str, set[int]] = {}
        for name in self.names:
            for lemma in name.lemmas:
                having.setdefault(lemma, set()).add(name.service_id)
        total = max(len(services), 1)
        self._weight = {lemma: math.log(1 + total / len(ids)) for lemma, ids in having.items()}

    def _telling(self, lemmas: list[str]) -> list[str]:
        stop, synonyms = self._vocabulary.stop, self._vocabulary.synonyms
        return [synonyms.get(lemma, lemma) for lemma in lemmas if lemma not in stop]

    def read(self, text: str) -> list[list[int]]:
        """Groups of service ids: one id is certain, several are a choice. In the order of how telling the words are."""
        spoken = self._spoken(text)
        groups: list[list[int]] = []
        while spoken and len(groups) < 4:
            best, scores, used = self._score(spoken)
            if not scores or (groups and best < TELLING):
                break
            chosen = [service_id for service_id, score in scores.items() if score >= CLOSE * best]
            if not any(set(chosen) & set(group) for group in groups):
                groups.append(chosen)
            spoken -= used
        return groups

    def _spoken(self, text: str) -> set[str]:
        """The words of the price list that were said, as the list has them."""
        found = set()
        for token in words.tokens(text):
            lemma = words.lemma(token)
            lemma = self._vocabulary.synonyms.get(lemma, lemma)
            if lemma in self._weight:
                found.add(lemma)
            elif lemma not in self._vocabulary.stop and not words.known(token):
                near = [word for word in self._weight if words.close(token, word) or words.close(lemma, word)]
                if near:
                    found.add(min(near, key=lambda word: (abs(len(word) - len(lemma)), word)))
        return found

    def _score(self, spoken: set[str]) -> tuple[float, dict[int, float], set[str]]:
        scores: dict[int, float] = {}
        used: dict[int, frozenset[str]] = {}
        for name in self.names:
            matched = frozenset(name.lemmas & spoken)
            if not matched:
                continue
            told = sum(self._weight[lemma] for lemma in matched)
            score = told * (0.5 + 0.5 * len(matched) / len(name.lemmas))
            if score > scores.get(name.service_id, 0.0):
                scores[name.service_id] = score
                used[name.service_id] = matched
        if not scores:
            return 0.0, {}, set()
        best = max(scores.values())
        leaders = [service_id for service_id, score in scores.items() if score >= CLOSE * best]
        return best, scores, set().union(*(used[service_id] for service_id in leaders))
