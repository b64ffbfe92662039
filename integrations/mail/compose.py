"""A message of ours as a letter: its head written by hand, its body by the standard library.

The head is ours because the library folds long ids (References) into encoded words, which nobody understands.
"""

from __future__ import annotations

import base64
import email.message
import email.policy
import html
import re
from datetime import UTC, datetime
from email.utils import format_datetime

import idna
from django.utils.translation import gettext as _

from integrations import errors
from integrations.mail import marks, parse
from integrations.protocols.channel import Outgoing, Settings

MOST_REFERENCES = 40
_LINE = 76
_BODY = email.policy.SMTP.clone(cte_type="7bit")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_IDENT = re.compile(r"[!-;=?-~]{1,180}\Z")
_MIME = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}\Z")
_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}[^\s<>\".,;:!?)\]]")


def letter(settings: Settings, outgoing: Outgoing, *, now: datetime) -> tuple[str, bytes]:
    """(Message-ID without brackets, the letter). Raises Rejected for an address that can be none."""
    sender, recipient = mailbox(settings.get("address") or ""), mailbox(outgoing.chat)
    ident = marks.message_id(settings, outgoing.key, sender.rpartition("@")[2])
    answered = _references(outgoing)
    subject = parse.subject_of_reply(outgoing.subject) if answered and outgoing.subject else outgoing.subject
    name = (settings.get("from_name") or "").strip()
    lines = [
        _header("From", _named(name, sender)),
        _header("To", recipient),
        _header("Subject", _encoded(subject or _default_subject(name, sender))),
        _header("Date", format_datetime(now.astimezone(UTC))),
        _header("Message-ID", f"<{ident}>"),
    ]
    if answered:
        lines.append(_header("In-Reply-To", f"<{answered[-1]}>"))
        lines.append("References: " + "\r\n ".join(f"<{one}>" for one in answered))
    if not outgoing.by_person:
        # Tells other machines not to answer this one (RFC 3834).
        lines.append(_header("Auto-Submitted", "auto-replied" if answered else "auto-generated"))
        lines.append(_header("X-Auto-Response-Suppress", "OOF, AutoReply"))
    lines.append(_header("X-Marzha-Id", ident.partition("@")[0]))
    head = "\r\n".join(lines).encode("ascii") + b"\r\n"
    return ident, head + _body(outgoing).as_bytes(policy=_BODY)


def mailbox(address: str) -> str:
    """An address as SMTP takes it: ASCII, a foreign domain in its ASCII form. Raises Rejected."""
    local, at, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        ascii_domain = ""
    if not (at and _LOCAL.match(local) and re.fullmatch(r"[a-z0-9.-]{1,253}", ascii_domain)):
        raise errors.Rejected("this is no e-mail address", code="bad_address")
    return f"{local}@{ascii_domain}"


def check(outgoing: Outgoing, *, longest: int, largest: int) -> None:
    """Raises Rejected (content) for what can be no letter of ours, before anything is sent."""
    if outgoing.template is not None:
        raise errors.Rejected("e-mail has no templates", code="no_templates", content=True)
    if any(outgoing.buttons):
        raise errors.Rejected("e-mail has no buttons", code="bad_buttons", content=True)
    if outgoing.media is None and not outgoing.text.strip():
        raise errors.Rejected("the message is empty", code="empty_text", content=True)
    if len(outgoing.text) > longest:
        raise errors.Rejected("the message is too long", code="too_long", content=True)
    if outgoing.media is not None and not 0 < len(outgoing.media.content) <= largest:
        raise errors.Rejected("the file is empty or too big", code="too_big", content=True)


def _body(outgoing: Outgoing) -> email.message.EmailMessage:
    """Text and the same as HTML; a file beside them."""
    body = email.message.EmailMessage(policy=_BODY)
    text = outgoing.text.encode("utf-8", "replace").decode().replace("\x00", "")
    body.set_content(text, charset="utf-8", cte="base64")
    body.add_alternative(_html(text), subtype="html", charset="utf-8", cte="base64")
    if outgoing.media is not None:
        mime = outgoing.media.mime.lower()
        main, _slash, sub = (mime if _MIME.match(mime) else "application/octet-stream").partition("/")
        if main in ("text", "message", "multipart"):
            main, sub = "application", "octet-stream"  # shown as a file and not as a part of the letter
        name = _CONTROL.sub(" ", outgoing.media.name).strip()[:150] or "file"
        body.add_attachment(outgoing.media.content, maintype=main, subtype=sub, filename=name)
    return body


def _html(text: str) -> str:
    out, end = "", 0
    for match in _LINK.finditer(text):
        url = html.escape(match[0])
        out += html.escape(text[end : match.start()]) + f'<a href="{url}">{url}</a>'
        end = match.end()
    out += html.escape(text[end:])
    return f'<div style="white-space:pre-wrap">{out}</div>\n'


def _references(outgoing: Outgoing) -> list[str]:
    """Message ids of the conversation, the answered one last; the middle of a long one is left out."""
    told = [*outgoing.references, *([outgoing.reply_to] if outgoing.reply_to else [])]
    idents = [ident for ident in told if _IDENT.match(ident) and not ident.startswith("sha256:")]
    last = list(dict.fromkeys(reversed(idents)))[::-1]  # a repeated id counts at its last place
    half = MOST_REFERENCES // 2
    return last if len(last) <= MOST_REFERENCES else last[:half] + last[-half:]


def _default_subject(name: str, address: str) -> str:
    return _("Message from %(sender)s") % {"sender": name or address}


def _named(name: str, address: str) -> str:
    if not name:
        return address
    clean = _CONTROL.sub(" ", name)[:100]
    if clean.isascii():
        return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + f'" <{address}>'
    return f"{_encoded(clean)}\r\n <{address}>"


def _encoded(text: str) -> str:
    """A text for a header: plain when it is short ASCII, else words of UTF-8 in base64 (RFC 2047), a line each."""
    clean = " ".join(_CONTROL.sub(" ", text).split())[:500]
    if clean.isascii() and len(clean) < _LINE - 12 and "=?" not in clean:
        return clean
    words, word = [], b""
    for char in clean:
        raw = char.encode("utf-8", "replace")
        if len(word) + len(raw) > 42:
            words.append(word)
            word = b""
        word += raw
    words.append(word)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def _header(name: str, value: str) -> str:
    return f"{name}: {value}"
