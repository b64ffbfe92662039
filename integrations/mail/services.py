"""Letters that a mail service posts to our hook: Mailgun, SendGrid, Postmark; raw, or taken apart into fields.

Field names: Mailgun "Receiving, forwarding and storing", SendGrid "Inbound Parse", Postmark "Inbound webhook". Where
a service can be told to post the raw letter, that is read, so that one reader serves all ways in.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from integrations.errors import ParseError
from integrations.mail import charset, headers, letter
from integrations.mail.letter import File, Letter
from integrations.protocols.channel import HookRequest
from kit import safejson
from kit.text import storable

MOST_FIELDS = 300
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]{1,200})\"|([^;\s]{1,200}))", re.IGNORECASE)
_DISPOSITION = re.compile(rb"content-disposition:([^\r\n]{0,2000})", re.IGNORECASE)
_TYPE = re.compile(rb"content-type:\s*([^\r\n]{1,300})", re.IGNORECASE)
_PARAMETER = re.compile(
    rb"(?:^|[;\s])(name|filename)\s*=\s*(?:\"((?:[^\"\\]|\\.){0,1000})\"|([^;\s]{1,1000}))", re.I
)
# Of a letter taken apart: they speak of the form it had before.
_NO_HEADERS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


class Form:
    """The fields and files of a posted form: `fields` raw, `files` as (field, name, type, content)."""

    def __init__(self) -> None:
        self.fields: dict[str, bytes] = {}
        self.files: list[tuple[str, str, str, bytes]] = []

    def text(self, name: str, declared: str = "") -> str:
        """A field as text."""
        return charset.decoded(self.fields.get(name, b""), declared)


def form_of(request: HookRequest) -> Form | None:
    """The posted form, None for other bodies; never raises."""
    kind = request.headers.get("content-type", "")
    if "multipart/form-data" in kind.lower():
        boundary = _BOUNDARY.search(kind)
        return (
            _multipart(request.body, (boundary[1] or boundary[2]).encode("utf-8", "replace"))
            if boundary
            else None
        )
    if "x-www-form-urlencoded" in kind.lower():
        form = Form()
        for pair in request.body.split(b"&", MOST_FIELDS)[:MOST_FIELDS]:
            key, equals, value = pair.partition(b"=")
            if equals and len(key) < 200:
                name = unquote_to_bytes(key).decode("utf-8", "replace")
                form.fields[name] = unquote_to_bytes(value.replace(b"+", b" "))
        return form
    return None


def tree_of(request: HookRequest) -> Mapping[str, Any] | None:
    """The posted JSON object, None for other bodies; never raises."""
    if "json" not in request.headers.get("content-type", "").lower():
        return None
    try:
        value = safejson.loads(request.body)
    except safejson.Malformed:
        return None
    return value if isinstance(value, dict) else None


def letter_of(request: HookRequest) -> Letter:
    """The letter in a request, whatever way it came. Raises ParseError."""
    form = form_of(request)
    if form is not None:
        return _of_form(form)
    if "json" in request.headers.get("content-type", "").lower():
        tree = tree_of(request)
        if tree is None:
            raise ParseError("broken JSON")
        return _of_postmark(tree)
    return letter.read(request.body)


def head_of(request: HookRequest) -> Letter:
    """Like `letter_of`, but of a raw letter only the headers are read. Raises ParseError."""
    kind = request.headers.get("content-type", "").lower()
    if "form" in kind or "json" in kind:
        return letter_of(request)
    return letter.head(request.body)


def _of_form(form: Form) -> Letter:
    for name in ("body-mime", "email"):  # Mailgun, SendGrid: raw
        if form.fields.get(name, b"").strip():
            found = letter.read(form.fields[name])
            found.recipients = _recipients(form)
            return found
    if "message-headers" in form.fields or "body-plain" in form.fields or "body-html" in form.fields:
        return _of_mailgun(form)
    if "headers" in form.fields and "from" in form.fields:
        return _of_sendgrid(form)
    raise ParseError("the form holds no letter")


def _recipients(form: Form) -> list[str]:
    """Who the envelope names: Mailgun's `recipient`, SendGrid's `envelope`."""
    found = [address for _, address in headers.addresses(form.text("recipient"))]
    to = _mapping(form.fields.get("envelope", b"{}")).get("to")
    if isinstance(to, list):
        found += [storable(address).lower() for address in to[:20] if isinstance(address, str)]
    return found


def _of_mailgun(form: Form) -> Letter:
    try:
        told = safejson.loads(form.fields.get("message-headers", b"[]"))
    except safejson.Malformed:
        told = []
    pairs = [
        (pair[0].lower(), storable(pair[1]))
        for pair in (told if isinstance(told, list) else [])[:500]
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(word, str) for word in pair)
    ]
    found = _assembled(pairs, form, plain=form.text("body-plain"), markup=form.text("body-html"))
    ids = _mapping(form.fields.get("content-id-map", b"{}"))
    cids = {str(field): str(cid).strip("<>") for cid, field in ids.items()}
    _attach(found, form, cids)
    return found


def _of_sendgrid(form: Form) -> Letter:
    sets = _mapping(form.fields.get("charsets", b"{}"))
    raw = form.text("headers")
    top = letter.head(raw.encode("utf-8", "replace") + b"\r\n\r\n") if raw.strip() else Letter([])
    texts = {name: form.text(name, str(sets.get(name) or "")) for name in ("text", "html")}
    found = _assembled(list(top.headers), form, plain=texts["text"], markup=texts["html"])
    info = _mapping(form.fields.get("attachment-info", b"{}"))
    cids = {
        str(field): str(about.get("content-id") or "")
        for field, about in info.items()
        if isinstance(about, dict)
    }
    _attach(found, form, cids)
    return found


def _of_postmark(tree: Mapping[str, Any]) -> Letter:
    raw = tree.get("RawEmail")
    recipient = tree.get("OriginalRecipient")
    recipients = [recipient.lower()] if isinstance(recipient, str) and recipient else []
    if isinstance(raw, str) and raw.strip():
        found = letter.read(raw.encode("utf-8", "surrogatepass"))
        found.recipients = recipients
        return found
    if not isinstance(tree.get("From"), str) and not isinstance(tree.get("FromFull"), dict):
        raise ParseError("the JSON holds no letter")
    pairs = [
        (row["Name"].lower(), storable(row["Value"]))
        for row in _rows(tree.get("Headers"))
        if isinstance(row.get("Name"), str) and isinstance(row.get("Value"), str)
    ]
    full = tree.get("FromFull")
    sender = full if isinstance(full, dict) else {"Email": tree.get("From"), "Name": tree.get("FromName")}
    pairs.append(("from", _mailbox(sender)))
    for name, key in (
        ("to", "To"),
        ("cc", "Cc"),
        ("subject", "Subject"),
        ("date", "Date"),
        ("reply-to", "ReplyTo"),
    ):
        if isinstance(tree.get(key), str) and tree[key]:
            pairs.append((name, storable(tree[key])))
    if isinstance(tree.get("MessageID"), str):
        pairs.append(("message-id", f"<{storable(tree['MessageID'])}@postmark>"))
    plain, markup = (
        value if isinstance(value, str) else "" for value in (tree.get("TextBody"), tree.get("HtmlBody"))
    )
    found = Letter([pair for pair in pairs if pair[0] not in _NO_HEADERS], recipients=recipients)
    found.text, found.pictures = letter.choose(plain, markup)
    found.sample = found.text.encode("utf-8", "replace")[:1024]
    for row in _rows(tree.get("Attachments")):
        content = row.get("Content")
        try:
            data = base64.b64decode(content) if isinstance(content, str) else b""
        except (binascii.Error, ValueError):
            continue
        name, mime, cid = (str(row.get(key) or "") for key in ("Name", "ContentType", "ContentID"))
        _add(found, name, mime, data, cid)
    return found


def _assembled(pairs: list[tuple[str, str]], form: Form, *, plain: str, markup: str) -> Letter:
    """A letter of its headers and bodies; fields of the form stand in for headers that are missing."""
    pairs = [pair for pair in pairs if pair[0] not in _NO_HEADERS]
    known = {name for name, _ in pairs}
    for name in ("from", "to", "cc", "subject", "date"):
        if name not in known and form.fields.get(name, b"").strip():
            pairs.append((name, form.text(name)))
    if not any(name == "from" for name, _ in pairs) and form.fields.get("sender", b"").strip():
        pairs.append(("from", form.text("sender")))
    if "message-id" not in known and form.fields.get("Message-Id"):
        pairs.append(("message-id", form.text("Message-Id")))
    if not any(name == "from" for name, _ in pairs):
        raise ParseError("a letter without a sender")
    found = Letter(pairs, recipients=_recipients(form))
    found.text, found.pictures = letter.choose(plain, markup)
    found.sample = found.text.encode("utf-8", "replace")[:1024]
    return found


def _attach(found: Letter, form: Form, cids: Mapping[str, str]) -> None:
    for field, name, mime, content in form.files:
        _add(found, name, mime, content, cids.get(field, ""))


def _add(found: Letter, name: str, mime: str, content: bytes, cid: str) -> None:
    if content and len(found.files) < letter.MOST_FILES:
        kind = storable(mime).partition(";")[0].strip().lower()[:100] or "application/octet-stream"
        safe = letter.file_name(name, kind, len(found.files) + 1)
        found.files.append(File(safe, kind, content, storable(cid).strip("<> ").removeprefix("cid:")[:200]))


def _mailbox(sender: Mapping[str, Any]) -> str:
    name, address = (str(sender.get(key) or "") for key in ("Name", "Email"))
    quoted = storable(name).replace("\\", "").replace('"', "")
    return f'"{quoted}" <{storable(address)}>' if quoted else storable(address)


def _mapping(raw: bytes) -> Mapping[str, Any]:
    try:
        value = safejson.loads(raw)
    except safejson.Malformed:
        return {}
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for row in value[:500] if isinstance(value, list) else ():
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _multipart(body: bytes, boundary: bytes) -> Form:
    """Fields and files of a multipart body (RFC 7578)."""
    form = Form()
    for piece in body.split(b"--" + boundary, MOST_FIELDS)[1:]:
        head, blank, data = piece.partition(b"\r\n\r\n")
        disposition = _DISPOSITION.search(head[:8192])
        if not blank or not disposition:
            continue
        named = {m[1].lower(): m[2] or m[3] or b"" for m in _PARAMETER.finditer(disposition[1])}
        name = named.get(b"name", b"").decode("utf-8", "replace")[:200]
        data = data.removesuffix(b"\r\n")
        if b"filename" in named:
            kind = _TYPE.search(head[:8192])
            mime = kind[1].decode("latin-1") if kind else ""
            form.files.append((name, charset.decoded(named[b"filename"]), mime, data))
        elif name:
            form.fields[name] = data
    return form
