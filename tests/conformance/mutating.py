"""Requests with any field dropped, retyped, nested or repeated: what a provider's next version may look like."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from tests.conformance.post import Letter

STRANGE = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        " ",
        "x" * 300,
        "\x00",
        "\ud800",
        "Анна",
        "2026-13-45",
        [],
        {},
        [[]],
        {"a": 1},
    ]
)
WAYS = ("drop", "retype", "nest", "repeat")


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every value below the top of a JSON tree."""
    found: list[tuple[Any, ...]] = []
    items: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        found += [(*path, key), *places(inner, (*path, key))]
    return found


@st.composite
def changed(draw: st.DrawFn, letter: Letter) -> Letter:
    """The letter with one to three of its fields changed; unsigned."""
    method, _, query = letter.path.partition("?")
    if letter.method == "GET":
        return dataclasses.replace(letter, path=f"{method}?{draw(_form(query))}")
    kind = letter.headers.get("content-type", "")
    if "json" in kind:
        tree = draw(_tree(json.loads(letter.body)))
        return dataclasses.replace(letter, body=json.dumps(tree).encode())
    if "urlencoded" in kind:
        return dataclasses.replace(letter, body=draw(_form(letter.body.decode())).encode())
    return dataclasses.replace(letter, body=draw(_lines(letter.body)))


@st.composite
def _tree(draw: st.DrawFn, tree: Any) -> Any:
    for _ in range(draw(st.integers(1, 3))):
        known = places(tree)
        if not known:
            return tree
        path, way = draw(st.sampled_from(known)), draw(st.sampled_from(WAYS))
        tree = _at(tree, path, way, draw(STRANGE))
    return tree


def _at(tree: Any, path: tuple[Any, ...], way: str, strange: Any) -> Any:
    copy: Any = dict(tree) if isinstance(tree, dict) else list(tree)
    key, rest = path[0], path[1:]
    if rest:
        copy[key] = _at(copy[key], rest, way, strange)
    elif way == "drop":
        del copy[key]
    elif way == "retype":
        copy[key] = strange
    elif way == "nest":
        copy[key] = {"value": copy[key]} if isinstance(key, str) else [copy[key]]
    else:
        copy[key] = [copy[key], copy[key]]
    return copy


@st.composite
def _form(draw: st.DrawFn, text: str) -> str:
    pairs: list[tuple[str, str]] = parse_qsl(text, keep_blank_values=True)
    for _ in range(draw(st.integers(1, 3))):
        if not pairs:
            break
        number, way = draw(st.integers(0, len(pairs) - 1)), draw(st.sampled_from(WAYS))
        name, value = pairs[number]
        if value[:1] == "{" and draw(st.booleans()):  # a provider that puts JSON into a field
            pairs[number] = name, json.dumps(draw(_tree(json.loads(value))))
        elif way == "drop":
            del pairs[number]
        elif way == "retype":
            strange = draw(STRANGE)
            pairs[number] = name, strange if isinstance(strange, str) else json.dumps(strange)
        elif way == "nest":
            pairs[number] = f"{name}[value]", value
        else:
            pairs.insert(number, (name, value))
    return urlencode(pairs, errors="replace")


@st.composite
def _lines(draw: st.DrawFn, body: bytes) -> bytes:
    """A letter of the post: lines lost, doubled, overwritten, moved in."""
    lines = body.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        number, way = draw(st.integers(0, len(lines) - 1)), draw(st.sampled_from(WAYS))
        if way == "drop" and len(lines) > 1:
            del lines[number]
        elif way == "retype":
            lines[number] = draw(
                st.sampled_from([b"", b"\xff\xfe", b"Date: never", b"From: <>", b"\x00", b"--=_"])
            )
        elif way == "nest":
            lines[number] = b" " + lines[number]
        else:
            lines.insert(number, lines[number])
    return b"\n".join(lines)
