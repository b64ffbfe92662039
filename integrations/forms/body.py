"""The body of a submission, in whatever of its four forms: JSON, form-encoded, multipart, JSON under a false name.

What is read is never refused for its size or its number of fields: it is cut, so that a lead is not lost for a
detail. The whole stays in the stored event.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from integrations.errors import ParseError
from integrations.protocols.channel import HookRequest
from kit import safejson
from kit.text import storable

MOST_PAIRS = 1000
LONGEST_VALUE = 10_000
_LONGEST_KEY = 200
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^;\s]{1,200}))", re.IGNORECASE)
_DISPOSITION = re.compile(rb"content-disposition:([^\r\n]*)", re.IGNORECASE)
_PARAMETER = re.compile(
    rb"(?:^|[;\s])(name|filename)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]+))", re.IGNORECASE
)
_PART = re.compile(r"([^\[\]]+)|\[([^\[\]]*)\]")


@dataclasses.dataclass(frozen=True, slots=True)
class Submission:
    """A decoded body: `tree` nested (bracketed names unfolded), `headers` of the request, `encoding` how it came."""

    tree: dict[str, Any]
    headers: Mapping[str, str]
    encoding: str  # "json", "form" or "multipart"


def submissions(request: HookRequest) -> list[Submission]:
    """What a request holds: one submission, or several where a sender posts a list. Raises ParseError."""
    decoded = _decoded(request)
    extra = {key: text for key, text in request.query.items() if key}
    return [
        Submission({**extra, **tree} if extra else tree, request.headers, encoding)
        for tree, encoding in decoded
    ]


def _decoded(request: HookRequest) -> list[tuple[dict[str, Any], str]]:
    content_type = request.headers.get("content-type", "")
    charset_match = _CHARSET.search(content_type)
    charset = charset_match[1] if charset_match else None
    if not request.body.strip():
        raise ParseError("the body is empty")
    if "multipart/form-data" in content_type.lower():
        boundary = _BOUNDARY.search(content_type)
        if boundary:
            parts = _multipart(request.body, (boundary[1] or boundary[2]).encode("utf-8", "replace"), charset)
            return [(nested(parts), "multipart")]
    # navigator.sendBeacon posts JSON as text/plain, some builders as form-encoded: the first sign decides.
    head = request.body.lstrip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe")[:1]
    if head in (b"{", b"["):
        return [(tree, "json") for tree in _json(request.body, charset)]
    pairs = list(_form(request.body, charset))
    if not any(text for _, text in pairs):
        raise ParseError("neither JSON nor a form")
    return [(nested(pairs), "form")]


def _json(body: bytes, charset: str | None) -> list[dict[str, Any]]:
    try:
        value = safejson.loads(body, charset)
    except safejson.Malformed as error:
        raise ParseError("broken JSON") from error
    trees = [item for item in value if isinstance(item, dict)][:50] if isinstance(value, list) else [value]
    if not trees or not isinstance(trees[0], dict):
        raise ParseError("the JSON holds no fields")
    return trees


def _form(body: bytes, charset: str | None) -> Iterator[tuple[str, str]]:
    """Pairs of a form-encoded body, decoded once; bytes that are not UTF-8 are read as `charset` or Windows-1251."""
    for number, pair in enumerate(body.split(b"&")):
        if number >= MOST_PAIRS:
            return
        key, equals, value = pair.partition(b"=")
        if key.strip() and equals:
            yield _unquoted(key, charset)[:_LONGEST_KEY], _unquoted(value, charset)[:LONGEST_VALUE]


def _unquoted(raw: bytes, charset: str | None) -> str:
    return storable(safejson.decoded(unquote_to_bytes(raw.replace(b"+", b" ")), charset)).strip()


def _multipart(body: bytes, boundary: bytes, charset: str | None) -> list[tuple[str, str]]:
    """Pairs of a multipart body (RFC 7578); of a file only its name is kept."""
    pairs: list[tuple[str, str]] = []
    for piece in body.split(b"--" + boundary)[1 : MOST_PAIRS + 1]:
        head, blank, data = piece.partition(b"\r\n\r\n")
        disposition = _DISPOSITION.search(head)
        if not blank or not disposition:
            continue
        named = {m[1].lower(): m[2] or m[3] or b"" for m in _PARAMETER.finditer(disposition[1])}
        key = storable(safejson.decoded(named.get(b"name", b""), charset)).strip()[:_LONGEST_KEY]
        if not key:
            continue
        value = named[b"filename"] if b"filename" in named else data.removesuffix(b"\r\n")
        text = storable(safejson.decoded(value[: LONGEST_VALUE * 4], charset)).strip()[:LONGEST_VALUE]
        pairs.append((key, text))
    if not pairs:
        raise ParseError("the multipart body holds no fields")
    return pairs


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Pairs with bracketed names as a tree: `contacts[phone]=1` → {"contacts": {"phone": "1"}}; repeats are lists."""
    tree: dict[str, Any] = {}
    for key, text in pairs:
        path = [m[1] or m[2] or "" for m in _PART.finditer(key)][:9] or [key]
        if path[-1] == "" and len(path) > 1:
            path.pop()  # name[] is a repeated name
        here = tree
        for step in path[:-1]:
            following = here.get(step)
            if not isinstance(following, dict):
                following = here[step] = {} if following is None else {"": following}
            here = following
        _put(here, path[-1], text)
    return tree


def _put(here: dict[str, Any], key: str, text: str) -> None:
    present = here.get(key)
    if present is None:
        here[key] = text
    elif isinstance(present, dict):
        present.setdefault("", text)
    elif isinstance(present, list):
        present.append(text)
    else:
        here[key] = [present, text]
