"""What a client wants, by the words of each intent; several at once are kept, the leading one first."""

from __future__ import annotations

from assistant.understanding import words
from assistant.understanding.vocabulary import Phrase, Vocabulary

# Which one leads where several are heard.
PRIORITY = (
    "urgent", "complaint", "human", "late", "cancel", "move", "price", "book", "confirm", "address", "hours",
    "affirm", "deny", "thanks", "greet", "other",
)  # fmt: skip
# Heard beside the contract's intents: "when am I booked".
VISITS = "visits"


def read(text: str, vocabulary: Vocabulary) -> set[str]:
    """Every intent heard in the text, `visits` included; none for words that say none."""
    alone = words.folded(text).strip(" .,!?)(:;")
    found = {intent for intent, entries in vocabulary.whole.items() if alone in entries}
    spoken = words.spoken(text)
    for intent, entries in vocabulary.intents.items():
        if any(holds(spoken, entry) for entry in entries):
            found.add(intent)
    if found & {"deny", "cancel"}:
        # "No, that does not suit me" has a word of consent in it.
        found -= {"affirm", "confirm"}
    if VISITS in found:
        found -= {"book", "confirm"}
    return found


def leading(found: set[str]) -> str:
    """The one that leads, `other` when nothing is heard."""
    return next((intent for intent in PRIORITY if intent in found), "other")


def holds(spoken: list[words.Spoken], entry: Phrase) -> bool:
    """Whether the words of `entry` follow each other in what was spoken."""
    size = len(entry)
    return size > 0 and any(
        all(matches(word, wanted) for word, wanted in zip(spoken[start : start + size], entry, strict=True))
        for start in range(len(spoken) - size + 1)
    )


def matches(word: words.Spoken, wanted: str) -> bool:
    """Whether a word is the wanted lemma, or with "=" the wanted form."""
    return word.token == wanted[1:] if wanted.startswith("=") else word.lemma == wanted
