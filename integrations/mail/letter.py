"""A letter in parts, however it came: raw (RFC 5322 and MIME) or already taken apart by a mail service.

Bounded in everything that a sender decides: parts, depth, files.
"""

from __future__ import annotations

import dataclasses
import email.parser
import email.policy
import hashlib
import re
from collections.abc import Sequence
from email.message import Message

from integrations.errors import ParseError
from integrations.mail import charset, headers, html, language
from kit.text import storable

MOST_PARTS = 100
DEEPEST = 10
MOST_FILES = 20
LONGEST_TEXT = 200_000
_HEAD_LONGEST = 256 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEAD_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_MISSING_BOUNDARY = re.compile(rb"\A\s{0,100}--([^\s]{1,70})[ \t]*\r?\n")
_SIGNATURES = frozenset(
    f"application/{kind}" for kind in ("pkcs7-signature", "x-pkcs7-signature", "pgp-signature", "pgp-keys")
)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class File:
    """An attached file. `cid` is its id where the HTML shows it."""

    name: str
    mime: str
    content: bytes
    cid: str = ""


@dataclasses.dataclass(slots=True, repr=False)
class Letter:
    """A letter. `text` is its plain text, else its HTML as text; `pictures` are ids of pictures in the HTML.

    `parts` are the parts of a report (type, part), [] for other letters. `sample` are the first bytes of its body.
    """

    headers: headers.Headers
    text: str = ""
    pictures: frozenset[str] = frozenset()
    files: list[File] = dataclasses.field(default_factory=list)
    parts: list[tuple[str, Message]] = dataclasses.field(default_factory=list)
    sample: bytes = b""
    recipients: Sequence[str] = ()  # of the envelope, where a mail service tells them

    def header(self, name: str) -> str:
        """The raw value of a header, "" when there is none."""
        return headers.first(self.headers, name)

    def ident(self) -> str:
        """The Message-ID without its brackets, or a hash that is the same each time this letter comes."""
        raw = self.header("message-id")
        known = (headers.ids(raw) or [storable(headers.text(raw))])[0].strip("<> ")
        if known and len(known) <= 180 and " " not in known:
            return known
        told = [known] if known else [self.header("from"), self.header("date"), self.header("subject")]
        digest = hashlib.sha256("\0".join(told).encode("utf-8", "surrogateescape"))
        digest.update(b"" if known else self.sample[:1024])
        return f"sha256:{digest.hexdigest()}"


def head(raw: bytes) -> Letter:
    """Only the headers of a raw letter: quick, whatever its size. Raises ParseError for what is no letter."""
    end = _HEAD_END.search(raw, 0, _HEAD_LONGEST)
    top = raw[: end.end() if end else _HEAD_LONGEST]
    if not _HEAD_LINE.match(top.lstrip(b"\r\n")):
        raise ParseError("this is no letter")
    try:
        message = email.parser.BytesHeaderParser(policy=email.policy.compat32).parsebytes(top.lstrip(b"\r\n"))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ParseError("the head of the letter cannot be read") from error
    return Letter(_headers(message), sample=raw[end.end() : end.end() + 1024] if end else b"")


def read(raw: bytes) -> Letter:
    """A raw letter, whole. Raises ParseError for what is no letter."""
    letter = head(raw)
    try:
        message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(raw.lstrip(b"\r\n"))
        bodies = _Bodies(letter)
        bodies.take(message, 0)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ParseError("the parts of the letter cannot be read") from error
    letter.text, letter.pictures = bodies.text()
    return letter


def choose(plain: str, markup: str) -> tuple[str, frozenset[str]]:
    """The text of a letter that has both: the plain one unless it only points to the other."""
    plain = storable(plain).strip()
    stub = not plain or (len(plain) < 300 and language.STUB.search(plain))
    if markup and stub:
        shown = html.plain(markup)
        shown = shown if shown.text or shown.pictures else html.plain(markup, quotes=True)
        if shown.text or not plain:
            return storable(shown.text)[:LONGEST_TEXT], shown.pictures
    pictures = html.plain(markup).pictures if markup else frozenset()
    return plain[:LONGEST_TEXT], pictures


def file_name(raw: str, mime: str, number: int) -> str:
    """A name safe to keep: the last step of a path, without control characters, at most 150 characters."""
    name = re.sub(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "", headers.text(raw))
    name = re.split(r"[\\/]", name)[-1].strip(". ")
    if len(name) > 150:
        stem, dot, end = name.rpartition(".")
        name = f"{stem[: 149 - len(end)]}.{end}" if dot and len(end) <= 10 else name[:150]
    ending = re.sub(r"[^a-z0-9]", "", mime.partition("/")[2])[:8]
    return name or f"file-{number}" + (f".{ending}" if ending else "")


def _headers(message: Message) -> headers.Headers:
    return [(str(name).lower(), str(value)) for name, value in message.raw_items()][:500]


class _Bodies:
    """Gathers the texts and files of a MIME tree into a letter."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._left = MOST_PARTS
        self._plain: list[str] = []
        self._markup: list[str] = []

    def text(self) -> tuple[str, frozenset[str]]:
        return choose("\n".join(self._plain), "\n".join(self._markup))

    def take(self, part: Message, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            return
        mime = part.get_content_type()
        if mime == "multipart/report" and part.is_multipart():
            self._report(part, depth)
        elif part.is_multipart() and mime.startswith("multipart/"):
            for inner in part.get_payload():
                if isinstance(inner, Message):
                    self.take(inner, depth + 1)
        elif mime == "message/rfc822":
            self._enclosed(part)
        elif part.is_multipart():
            pass  # a report's part outside a report
        elif mime.startswith("multipart/"):
            self._boundless(part, depth)
        else:
            self._leaf(part, mime)

    def _report(self, part: Message, depth: int) -> None:
        for inner in part.get_payload():
            if not isinstance(inner, Message):
                continue
            kind = inner.get_content_type()
            if kind in (
                "message/delivery-status",
                "message/feedback-report",
                "text/rfc822-headers",
                "message/rfc822",
            ):
                self._letter.parts.append((kind, inner))
            else:
                self.take(inner, depth + 1)

    def _enclosed(self, part: Message) -> None:
        """A letter within the letter is a file."""
        inner = part.get_payload()
        if not (isinstance(inner, list) and inner and isinstance(inner[0], Message)):
            return
        try:
            content = inner[0].as_bytes()
        except (ValueError, LookupError, TypeError, AttributeError):
            return  # one broken enclosure must not cost the letter around it
        self._file(part, "message/rfc822", content, default="letter.eml")

    def _boundless(self, part: Message, depth: int) -> None:
        """A multipart whose boundary is not declared: the first line of its body shows it."""
        raw = _bytes(part)
        match = _MISSING_BOUNDARY.match(raw)
        if match and b'"' not in match[1] and depth < DEEPEST:
            again = b'Content-Type: multipart/mixed; boundary="' + match[1] + b'"\r\n\r\n' + raw
            self.take(email.message_from_bytes(again, policy=email.policy.compat32), depth + 1)
        else:
            self._plain.append(charset.decoded(raw[: LONGEST_TEXT * 4]))

    def _leaf(self, part: Message, mime: str) -> None:
        disposition = str(part.get("content-disposition") or "").strip().lower()
        named = bool(part.get_filename())
        if mime in ("text/plain", "text/html") and not disposition.startswith("attachment") and not named:
            text = charset.decoded(_bytes(part)[: LONGEST_TEXT * 8], _declared(part))
            (self._plain if mime == "text/plain" else self._markup).append(text)
        elif mime not in _SIGNATURES:
            self._file(part, mime, _bytes(part))

    def _file(self, part: Message, mime: str, content: bytes, default: str = "") -> None:
        files = self._letter.files
        if content and len(files) < MOST_FILES:
            name = file_name(str(part.get_filename() or "") or default, mime, len(files) + 1)
            cid = str(part.get("content-id") or "").strip("<> ")[:200]
            files.append(File(name, storable(mime)[:100], content, storable(cid)))


def _bytes(part: Message) -> bytes:
    """The decoded body of a leaf; as it came where its encoding is unknown or broken."""
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def _declared(part: Message) -> str:
    value = part.get_param("charset") or ""
    return value[2] if isinstance(value, tuple) else str(value)
