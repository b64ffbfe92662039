"""Fields of an unknown form: a tree flattened to labelled values, and which of them is the name, the phone, …"""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from integrations.forms.body import LONGEST_VALUE
from kit import phones
from kit.text import storable

MOST_FIELDS = 200
DEEPEST = 8
MESSENGERS = ("telegram", "whatsapp", "vk", "max", "instagram")
_LABELS = ("title", "label", "question", "q", "question_text", "name", "id", "key", "code")
_VALUES = ("value", "a", "answer", "answer_text", "string_value")
_BESIDE = frozenset(
    (*_LABELS, *_VALUES, "type", "t", "raw_value", "required", "order", "options", "block_id")
)
_NESTED = re.compile(r"[\[\].]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_EMAIL = re.compile(r"[^\s@,;:<>()\"']{1,64}@[^\s@,;:<>()\"']{1,190}\.[^\W\d_]{2,24}")


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One value: `label` as the form names it, `keys` under which it may be known (plain), `value` as text."""

    label: str
    keys: tuple[str, ...]
    value: str


@functools.cache
def synonyms() -> Mapping[str, frozenset[str]]:
    """Role → plain field names."""
    with (Path(__file__).parent / "synonyms.toml").open("rb") as file:
        return {role: frozenset(words) for role, words in tomllib.load(file).items()}


@functools.cache
def _roles() -> Mapping[str, str]:
    special = ("yes", "no")
    return {word: role for role, words in synonyms().items() if role not in special for word in words}


def plain(key: str) -> str:
    """A field's name for looking up: lower case, letters only ("Your-Name_2" → "yourname")."""
    return _NOT_LETTERS.sub("", key.lower())


def role_of(field: Field) -> str:
    """What a field is: "name", "phone", …, "service", or "" for one of the form's own questions."""
    roles = _roles()
    for key in field.keys:
        if key in roles:
            return roles[key]
        if key.startswith("utm") or key in ("gclid", "yclid", "fbclid", "rbclickid", "ysclid"):
            return "service"
        # "acceptance-1", "checkbox": a tick; what it says decides whether it is a consent.
        if key.startswith(("acceptance", "checkbox")) and field.value.lower() in synonyms()["yes"]:
            return "consent"
    return ""


def flatten(tree: Mapping[str, Any]) -> list[Field]:
    """Every value of `tree`, at most 200; a pair such as {"q": …, "a": …} becomes one field named by its question."""
    found: list[Field] = []
    for field in _walk(tree, (), 0):
        found.append(field)
        if len(found) >= MOST_FIELDS:
            break
    return found


def _walk(value: Any, path: tuple[str, ...], depth: int) -> Iterator[Field]:
    if isinstance(value, Mapping):
        pair = _pair(value, path)
        if pair:
            yield pair
        elif depth < DEEPEST:
            for key, inner in value.items():
                yield from _walk(inner, (*path, storable(str(key))[:200]), depth + 1)
    elif isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            text = ", ".join(t for item in value[:MOST_FIELDS] if (t := scalar(item)))
            if text:
                yield _field(path, text[:LONGEST_VALUE])
        elif depth < DEEPEST:
            for number, item in enumerate(value[:MOST_FIELDS]):
                yield from _walk(item, (*path, str(number)), depth + 1)
    else:
        text = scalar(value)
        if text or value == "":
            yield _field(path, text)


def _pair(value: Mapping[str, Any], path: tuple[str, ...]) -> Field | None:
    answer_key = next((key for key in _VALUES if key in value), None)
    labels = [t for key in _LABELS if isinstance(value.get(key), str | int) and (t := scalar(value[key]))]
    # A whole form may have a field called "answer"; a pair has nothing beside its question and its kind.
    if not path or answer_key is None or not labels or not _BESIDE.issuperset(value):
        return None
    answer = value[answer_key]
    text = ", ".join(scalar(item) for item in answer) if isinstance(answer, list) else scalar(answer)
    keys = [plain(label) for label in reversed(labels)] + [plain(path[-1])] * bool(path)
    return Field(labels[0][:200], tuple(key for key in keys if key), text[:LONGEST_VALUE])


def _field(path: tuple[str, ...], text: str) -> Field:
    names = [step for step in path if step]
    # Looked up whole, with its parent ({"utm": {"source": …}} is utm_source), and by the last part of a name that
    # was not unfolded ("contacts[phone]" and "contacts.phone" as keys of JSON).
    keys = [plain("".join(names[-2:])), *(plain(name) for name in names[-1:])]
    parts = [part for part in _NESTED.split(names[-1]) if part] if names else []
    if len(parts) > 1:
        keys.append(plain(parts[-1]))
    return Field(" ".join(names)[:200], tuple(dict.fromkeys(filter(None, keys))), text)


def scalar(value: Any) -> str:
    """A single value as storable text, at most 10,000 characters; "" for None and for what is no single value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return storable(value).strip()[:LONGEST_VALUE]
    if isinstance(value, int | float):
        return str(value)
    return ""


def email_of(text: str) -> str:
    """The first e-mail address in `text`, lower-cased domain, "" when there is none."""
    match = _EMAIL.search(text[:1000])
    if not match:
        return ""
    local, _, domain = match[0].rpartition("@")
    return f"{local}@{domain.lower()}"


def phone_of(text: str, region: str) -> str | None:
    """The number that a whole value is."""
    return phones.normalise(text, region)
