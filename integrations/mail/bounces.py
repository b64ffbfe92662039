"""Reports about letters of ours: not delivered (RFC 3464), complained about (RFC 5965), told by a mail service.

Only a report that names a letter of ours by its signed Message-ID is believed.
"""

from __future__ import annotations

import email.parser
import email.policy
import re
from email.message import Message

from integrations.mail import headers, language, marks
from integrations.mail.letter import Letter
from integrations.protocols.channel import Fact, Ignored, MarketingStopped, Person, Receipt, Settings
from kit.text import storable

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# Enhanced codes (RFC 3463) of an address that will never take a letter.
NO_ADDRESS = re.compile(r"5\.1\.(?:0|1|2|3|6|10)\b|5\.2\.1\b")


def read(letter: Letter, settings: Settings) -> list[Fact] | None:
    """The facts of a report, None when the letter is none."""
    kinds = {kind for kind, _ in letter.parts}
    if "message/delivery-status" in kinds:
        return _delivery(letter, settings)
    if "message/feedback-report" in kinds:
        return _complaint(letter, settings)
    return _informal(letter, settings)


def is_complaint(content_type: str) -> bool:
    """Is this the type of a feedback report?"""
    return headers.parameter(content_type, "report-type") == "feedback-report"


def complainer(letter: Letter) -> str:
    """The address of whoever complained, "" when the report hides it."""
    for kind, part in letter.parts:
        for block in _blocks(part):
            name = "original-rcpt-to" if kind == "message/feedback-report" else "to"
            found = headers.addresses(_value(block, name))
            if found:
                return found[0][1]
    return ""


def _delivery(letter: Letter, settings: Settings) -> list[Fact]:
    about = _ours(letter, settings)
    if about is None:
        return [Ignored("a delivery report about a letter that is not ours")]
    ident, key = about
    facts: list[Fact] = []
    for kind, part in letter.parts:
        if kind != "message/delivery-status":
            continue
        for block in _blocks(part):
            action = _value(block, "action").strip().lower()
            if not action:
                continue  # the first block speaks of the server
            status, said = _value(block, "status"), _value(block, "diagnostic-code")
            reason = _reason(status, said)
            if action == "failed":
                blocked = bool(NO_ADDRESS.search(status))
                facts.append(
                    Receipt(
                        external_id=ident,
                        key=key,
                        state="failed",
                        at=headers.moment(letter.header("date")),
                        reason=reason,
                        blocked=blocked,
                    )
                )
            elif action in ("delivered", "relayed", "expanded"):
                at = headers.moment(letter.header("date"))
                facts.append(Receipt(external_id=ident, key=key, state="delivered", at=at))
            else:
                facts.append(Ignored(f"a letter of ours is delayed: {reason}"))
    return facts or [Ignored("a delivery report without a result")]


def _complaint(letter: Letter, settings: Settings) -> list[Fact]:
    address = complainer(letter)
    if _ours(letter, settings) is None or not address:
        return [Ignored("a complaint about a letter that is not ours")]
    person = Person(external_id=address, email=address)
    return [MarketingStopped(chat=address, person=person, at=headers.moment(letter.header("date")))]


def _informal(letter: Letter, settings: Settings) -> list[Fact] | None:
    """A server's letter in words of its own, with ours somewhere below."""
    senders = headers.addresses(letter.header("from"))
    empty = letter.header("return-path").replace(" ", "") == "<>"
    daemon = bool(senders) and senders[0][1].partition("@")[0] in ("mailer-daemon", "postmaster")
    subject = headers.text(letter.header("subject"))
    if not daemon and not (empty and language.BOUNCE_SUBJECT.search(subject)):
        return None
    about = _ours(letter, settings) or marks.in_text(settings, letter.text)
    for file in letter.files if about is None else ():
        if file.mime == "message/rfc822":
            about = marks.in_text(settings, file.content[:20_000].decode("ascii", "replace"))
    if about is None:
        return [Ignored("a server's report about a letter that is not ours")]
    match = _STATUS.search(letter.text[:20_000])
    status = match[0] if match else ""
    if status.startswith("4") or (not status and not language.BOUNCE_SUBJECT.search(subject)):
        return [Ignored("a letter of ours is delayed")]
    return [
        Receipt(
            external_id=about[0],
            key=about[1],
            state="failed",
            at=headers.moment(letter.header("date")),
            reason=_reason(status, " ".join(letter.text.split())),
            blocked=bool(NO_ADDRESS.search(status)),
        )
    ]


def _ours(letter: Letter, settings: Settings) -> tuple[str, str] | None:
    """The letter of ours that a report is about: named in the returned letter or in what the report answers to."""
    idents: list[str] = []
    for kind, part in letter.parts:
        if kind in ("message/rfc822", "text/rfc822-headers"):
            for block in _blocks(part):
                idents += headers.ids(_value(block, "message-id"))
    for name in ("in-reply-to", "references"):
        idents += headers.ids(letter.header(name))
    return marks.first_of_ours(settings, idents)


def _blocks(part: Message) -> list[Message]:
    """The header blocks inside a part of a report."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    raw = part.get_payload(decode=True)
    parser = email.parser.BytesHeaderParser(policy=email.policy.compat32)
    return [parser.parsebytes(raw.lstrip())] if isinstance(raw, bytes) else []


def _value(block: Message, name: str) -> str:
    pairs = [(str(key).lower(), str(value)) for key, value in block.raw_items()]
    return headers.first(pairs, name)


def _reason(status: str, said: str) -> str:
    words = headers.text(said.partition(";")[2] or said)
    return storable(" ".join(filter(None, (_code(status), words.strip()))))[:300] or "not delivered"


def _code(status: str) -> str:
    match = _STATUS.search(status)
    return match[0] if match else ""
