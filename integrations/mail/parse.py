"""A request with a letter → facts: who wrote, to which thread, the new words, the files.

There is one thread for each address and box: whoever answers from the same address is the same conversation, whatever
the subject. That a letter answers a certain message of ours is told by `reply_to`, proven by the signed Message-ID.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_noop

from integrations.errors import ParseError
from integrations.mail import bounces, events, headers, language, marks, quotes, robots, services, siteform
from integrations.mail.letter import File, Letter
from integrations.protocols import attribution
from integrations.protocols.channel import (
    Fact,
    FormSubmitted,
    HookRequest,
    Ignored,
    Media,
    MessageKind,
    MessageReceived,
    OperatorEcho,
    Person,
    Settings,
    Touch,
)
from kit.text import storable

SENT = "imap/sent"
"""Subpath of a letter that was found in the folder of sent letters."""
CUT = "x-marzha-cut"
"""Header put in front of a letter too large to be fetched whole."""

UNCONFIRMED = gettext_noop("The sender's address is not confirmed: the letter may be forged.")
TOO_LARGE = gettext_noop("The letter is too large: its files are to be seen in the mailbox.")
DANGEROUS = gettext_noop("A file that could run as a program was left out; it is in the mailbox.")

# Smaller pictures inside the text are logos and counters.
_SMALLEST_PICTURE = 4096
_PROGRAMS = re.compile(
    r"\.(?:exe|js|jse|vbs|vbe|scr|lnk|iso|img|bat|cmd|com|pif|hta|jar|msi|ps1|wsf|reg|cpl|apk|html?|xhtml|svg)$",
    re.I,
)
_FAILED = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)
_KINDS: dict[str, MessageKind] = {"image": "image", "audio": "audio", "video": "video"}


def event_id(request: HookRequest) -> str | None:
    """The letter's own id, the same by whatever way it comes; never raises."""
    data = events.data_of(services.tree_of(request))
    if data is not None:
        return events.ident(data)
    try:
        ident = services.head_of(request).ident()
    except ParseError:
        return None
    return f"sent:{ident}"[:200] if request.subpath == SENT else ident


def thread_key(request: HookRequest) -> str | None:
    """The other side's address; never raises."""
    data = events.data_of(services.tree_of(request))
    if data is not None:
        return events.recipient(data) or None
    try:
        letter = services.head_of(request)
        if bounces.is_complaint(letter.header("content-type")):
            return bounces.complainer(services.letter_of(request)) or None
    except ParseError:
        return None
    _, address = addressee(letter) if request.subpath == SENT else sender(letter)
    return address or None


def facts(request: HookRequest, settings: Settings) -> list[Fact]:
    """The facts of a request, one or more. Raises ParseError."""
    tree = services.tree_of(request)
    data = events.data_of(tree)
    if data is not None:
        return events.facts(data, settings)
    if tree is not None and "events_by_user" in tree:
        return [Ignored("events of a service that none of our letters go through")]
    form = services.form_of(request)
    if form is not None and "List-Unsubscribe" in form.fields:
        return [Ignored("a click on “unsubscribe”: letters of a conversation have no such link")]
    letter = services.letter_of(request)
    report = bounces.read(letter, settings)
    if report is not None:
        return report
    if request.subpath == SENT:
        return [_echo(letter, settings)]
    return [_received(letter, settings)]


def sender(letter: Letter) -> tuple[str, str]:
    """(name, address) of whoever is to be answered; a robot names the person behind it in Reply-To."""
    name, address = (_mailboxes(letter, "from") or _mailboxes(letter, "sender") or [("", "")])[0]
    # A site often sends its forms from the box's own address to itself.
    itself = address in [to for _, to in _mailboxes(letter, "to")]
    by_site = not address or itself or robots.is_site(address)
    for other_name, other in _mailboxes(letter, "reply-to")[:1]:
        if by_site and other != address and not robots.is_robot(other):
            return other_name, other
    return name, address


def addressee(letter: Letter) -> tuple[str, str]:
    """(name, address) of whom a letter went to, ("", "") when it names nobody."""
    return (_mailboxes(letter, "to") or [("", "")])[0]


def files(letter: Letter) -> list[tuple[int, File]]:
    """The files worth showing, with their numbers: no programs, no small pictures of the text's decoration."""
    shown = []
    for number, file in enumerate(letter.files):
        if _PROGRAMS.search(file.name):
            continue
        if (
            file.cid
            and file.mime.startswith("image/")
            and (file.cid not in letter.pictures or len(file.content) < _SMALLEST_PICTURE)
        ):
            continue
        shown.append((number, file))
    # What was attached comes before what stands in the text.
    return sorted(shown, key=lambda pair: pair[1].cid in letter.pictures and bool(pair[1].cid))


def _mailboxes(letter: Letter, name: str) -> list[tuple[str, str]]:
    return [pair for pair in headers.addresses(letter.header(name)) if len(pair[1]) <= 200]


def _received(letter: Letter, settings: Settings) -> Fact:
    own = (settings.get("address") or "").strip().lower()
    ident = letter.ident()
    name, address = sender(letter)
    # `sender` has led on from a site's robot; the address in From is what tells about the letter itself.
    origin = (_mailboxes(letter, "from") or [("", "")])[0][1]
    subject = headers.text(letter.header("subject"))[:500]
    if _is_ours(letter, ident, settings):
        return Ignored("a letter of ours that came back")
    if not address:
        raise ParseError("a letter without a sender")
    if robots.is_site(origin) or origin == own or address != origin:
        form = siteform.read(letter.text, settings.get("region") or "RU")
        if form is not None:
            return _form(form, letter, ident, subject)
    if address == own:
        return Ignored("a letter from this very address")
    ours = marks.first_of_ours(settings, _answers_to(letter))
    automatic = robots.reason(letter)
    if not automatic and robots.answers_automatically(subject):
        automatic = "an automatic answer (subject)"
    if not automatic and robots.is_robot(address):
        automatic = "nobody reads this address"
    if not automatic and address != origin:
        automatic = "sent by a site"
    replied = ours[0] if ours else next(iter(_answers_to(letter)), "")
    text = quotes.fresh(letter.text, subject)
    media = tuple(_media(number, file) for number, file in files(letter))
    kind: MessageKind = "text"
    if not text and media:
        kind = _KINDS.get(media[0].kind, "document")
    return MessageReceived(
        external_id=ident,
        chat=address,
        person=Person(external_id=address, name=name if name.lower() != address else "", email=address),
        kind=kind,
        text=text,
        media=media,
        sent_at=headers.moment(letter.header("date")),
        reply_to=replied[:200] or None,
        touch=_touch(letter, own),
        subject=subject,
        automatic=automatic,
        note=_note(letter),
    )


def _is_ours(letter: Letter, ident: str, settings: Settings) -> bool:
    """Did this box send it? (Another box of another tenant leaves the same kind of mark, signed otherwise.)"""
    mark = letter.header("x-marzha-id").strip()
    return marks.first_of_ours(settings, [ident, f"{mark}@here"]) is not None


def _form(form: siteform.Form, letter: Letter, ident: str, subject: str) -> Fact:
    return FormSubmitted(
        external_id=ident,
        provider="email",
        name=form.name,
        phone=form.phone,
        phone_typed=form.phone_typed,
        email=form.email,
        message=form.message,
        answers=tuple(form.answers[:50]),
        page_url=form.page,
        touch=form.touch(),
        form_name=form.title or subject[:200],
        submitted_at=headers.moment(letter.header("date")),
    )


def _echo(letter: Letter, settings: Settings) -> Fact:
    """A letter that the owner wrote in a mail program of their own."""
    ident = letter.ident()
    if _is_ours(letter, ident, settings):
        return Ignored("a letter of ours in the folder of sent letters")
    name, address = addressee(letter)
    own = (settings.get("address") or "").strip().lower()
    if not address or address == own:
        return Ignored("a sent letter without somebody to write to")
    media = tuple(_media(number, file) for number, file in files(letter))
    text = quotes.fresh(letter.text, headers.text(letter.header("subject")))
    return OperatorEcho(
        external_id=ident,
        chat=address,
        text=text,
        sent_at=headers.moment(letter.header("date")),
        kind="text" if text or not media else _KINDS.get(media[0].kind, "document"),
        media=media,
        person=Person(external_id=address, name=name if name.lower() != address else "", email=address),
    )


def _answers_to(letter: Letter) -> list[str]:
    """Message ids this letter answers to, the nearest first."""
    older = headers.ids(letter.header("references"))
    return [*headers.ids(letter.header("in-reply-to")), *reversed(older)]


def _media(number: int, file: File) -> Media:
    return Media(
        kind=_KINDS.get(file.mime.partition("/")[0], "document"),
        ref=f"part:{number}",
        mime=file.mime,
        name=file.name,
        size=len(file.content),
    )


def _touch(letter: Letter, own: str) -> Touch | None:
    """A tag in the address written to (`salon+vk_autumn@…`) tells which link was followed."""
    local, at, domain = own.partition("@")
    told = [*letter.recipients]
    for name in ("delivered-to", "x-original-to", "to", "cc"):
        told += [address for _, address in headers.addresses(letter.header(name))]
    for address in told if at else ():
        here, _, there = address.partition("@")
        if there == domain and here.startswith(f"{local}+"):
            return attribution.of_code(here[len(local) + 1 :])
    return None


def _note(letter: Letter) -> str:
    """Lines for the reader, each an English text with a translation."""
    notes = []
    # Only the topmost one is the own server's; whoever forges another can but accuse himself.
    if _FAILED.search(letter.header("authentication-results")):
        notes.append(UNCONFIRMED)
    if letter.header(CUT):
        notes.append(TOO_LARGE)
    if any(_PROGRAMS.search(file.name) for file in letter.files):
        notes.append(DANGEROUS)
    return storable(" ".join(notes))


def subject_of_reply(subject: str) -> str:
    """The subject of an answer: with one "Re:" in front, whatever stood there."""
    bare = subject.strip()
    while (match := language.REPLY_SUBJECT.match(bare)) and match.end():
        bare = bare[match.end() :]
    return f"Re: {bare.strip()}"
