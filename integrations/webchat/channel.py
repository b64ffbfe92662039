"""Our own site chat as a channel.

Wire format, JSON posted by the widget: `{"id": uuid, "session": token, "kind": "message|button|contact|start",
"text", "value", "message", "name", "phone", "email", "page_url", "referrer", "utm": {…}, "sent_at": ms,
"files": [{"file": token, "kind", "name"}]}`. `id` is made by the page and kept while it repeats, so a repeat is the
same event; `files` were handed in before and lie with us. Sending is no network: what is stored is delivered by the
live stream.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import attribution
from integrations.protocols.channel import (
    BaseChannel,
    ButtonPressed,
    Capabilities,
    ChatOpened,
    Connected,
    ContactCard,
    Fact,
    Field,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Media,
    MessageReceived,
    Outgoing,
    Person,
    Sent,
    Settings,
    Touch,
)
from integrations.webchat import session
from kit import http, phones, safejson
from kit.text import storable

_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_LONGEST_TEXT = 8000
_MOST_FILES = 10
_FILE = re.compile(r"[A-Za-z0-9_-]{20,64}\Z")
_EMAIL = re.compile(r"[^\s@,;:<>()\"']{1,64}@[^\s@,;:<>()\"']{1,180}\.[^\W\d_]{2,24}\Z")
_KINDS = frozenset(("image", "voice", "audio", "video", "document"))
# What `Media.ref` of a file begins with that was handed in at our own door before; its token follows.
UPLOADED = "upload:"
# Any site: what counts is the session token in the body, and no cookie is looked at.
_CORS = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}


class WebchatChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`. `chat` and the person's id are the visitor's id."""

    kind = "webchat"
    label = _("Site chat")
    capabilities = Capabilities(
        inline_buttons=True,
        contact_request=True,
        url_buttons=True,
        replies=True,
        max_text=_LONGEST_TEXT,
        max_buttons=100,
        max_buttons_row=8,
        media=_KINDS,
        max_caption=_LONGEST_TEXT,
        can_write_first=False,
        receipts=frozenset(("delivered", "read")),
        idempotent_send=True,
    )
    fields = (Field(name="session_key", label=_("Session key"), secret=True, generated=True),)
    guide = Guide(
        icon="webchat",
        text=_("A chat window on your site, or a page of its own when you have no site."),
        steps=(_("Press the button: the chat works at once. The next page gives the line for your site."),),
        asks_provider=False,
    )
    refused_status = 403

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """A widget on the tenant's own site asks first, as browsers do."""
        if request.method == "OPTIONS":
            return HookReply(status=204, headers={**_CORS, **_PREFLIGHT})
        return None

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        return session.visitor_of(settings, _quiet(request).get("session")) is not None

    def event_id(self, request: HookRequest) -> str | None:
        """The page's id of the event, within its visitor."""
        told = _quiet(request)
        visitor, ident = _visitor(told), told.get("id")
        return f"{visitor}:{ident}" if visitor and isinstance(ident, str) and _ID.match(ident) else None

    def thread_key(self, request: HookRequest) -> str | None:
        return _visitor(_quiet(request))

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        return HookReply(headers={"Content-Type": "application/json", **_CORS}, body=b'{"ok":true}')

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return [_fact(_told(request), settings)]
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable event ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        return http.done(Sent(f"{outgoing.chat}:{outgoing.key}" if outgoing.key else "", raw_state="stored"))

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return http.done(Connected())

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return http.done(Health(ok=True))

    def link(self, base: str, code: str) -> str | None:
        """The hosted chat's address with the code; `base` is that page."""
        touch = attribution.of_code(code)
        return f"{base}?start={code}" if base and touch else None


def _told(request: HookRequest) -> dict[str, Any]:
    try:
        value = safejson.loads(request.body)
    except safejson.Malformed as error:
        raise errors.ParseError("broken JSON") from error
    if not isinstance(value, dict):
        raise errors.ParseError("an event is a JSON object")
    return value


def _quiet(request: HookRequest) -> dict[str, Any]:
    try:
        return _told(request)
    except errors.ParseError:
        return {}


def _visitor(told: Mapping[str, Any]) -> str | None:
    """The visitor's id as the token claims it; whether it is genuine, `verify` says."""
    token = told.get("session")
    visitor = token.partition(".")[0] if isinstance(token, str) else ""
    return visitor if re.fullmatch(r"[A-Za-z0-9_-]{16,64}", visitor) else None


def _fact(told: Mapping[str, Any], settings: Settings) -> Fact:
    visitor, ident = _visitor(told), told.get("id")
    if not visitor or not isinstance(ident, str) or not _ID.match(ident):
        raise errors.ParseError("an event needs a session and an id")
    external_id = f"{visitor}:{ident}"
    typed = _text(told, "phone", 64)
    region = settings.get("region") or "RU"
    phone = phones.normalise(typed, region)
    person = Person(
        external_id=visitor,
        name=_text(told, "name", 255),
        phone=phone,
        email=_email(told),
        language=_text(told, "language", 16),
    )
    at = _time(told.get("sent_at"))
    touch = _touch(told)
    kind = told.get("kind")
    if kind == "start":
        return ChatOpened(external_id=external_id, chat=visitor, person=person, touch=touch, at=at)
    if kind == "button":
        value = _text(told, "value", 256)
        if not value:
            raise errors.ParseError("a button without a value")
        under = _text(told, "message", 200)
        return ButtonPressed(
            external_id=external_id,
            chat=visitor,
            person=person,
            value=value,
            message_external_id=under or None,
            at=at,
        )
    text = _text(told, "text", _LONGEST_TEXT)
    if kind == "contact":
        if not typed and not person.name and not person.email:
            raise errors.ParseError("a contact without a phone, an e-mail or a name")
        card = ContactCard(name=person.name, phone=phone, phone_typed=typed)
        return MessageReceived(
            external_id=external_id,
            chat=visitor,
            person=person,
            kind="contact",
            text=text,
            sent_at=at,
            touch=touch,
            contact=card,
        )
    if kind != "message":
        raise errors.ParseError("an event of unknown kind")
    files = _files(told)
    if not text.strip() and not files:
        raise errors.ParseError("an empty message")
    return MessageReceived(
        external_id=external_id,
        chat=visitor,
        person=person,
        kind=files[0].kind if files else "text",  # type: ignore[arg-type]
        text=text,
        media=files,
        sent_at=at,
        reply_to=_text(told, "reply_to", 200) or None,
        touch=touch,
    )


def _files(told: Mapping[str, Any]) -> tuple[Media, ...]:
    """Files by the tokens that the visitor got for them; what they are is known by the rows behind the tokens."""
    listed = told.get("files")
    found = []
    for entry in listed if isinstance(listed, list) else ():
        token = entry.get("file") if isinstance(entry, dict) else None
        if not isinstance(token, str) or not _FILE.match(token):
            continue
        kind = entry.get("kind")
        name = _text(entry, "name", 200)
        known = kind if isinstance(kind, str) and kind in _KINDS else "document"
        found.append(Media(kind=known, ref=UPLOADED + token, name=name))
    return tuple(found[:_MOST_FILES])


def _touch(told: Mapping[str, Any]) -> Touch | None:
    utm = told.get("utm")
    parameters: dict[str, object] = {}
    for key, raw in utm.items() if isinstance(utm, Mapping) else ():
        name = str(key).lower()
        parameters[name if name in attribution.CLICK_IDS else f"utm_{name.removeprefix('utm_')}"] = raw
    page = _text(told, "page_url", 2000)
    code = attribution.query_of(page).get("start", "")
    coded = attribution.of_code(code) if code else None
    found = attribution.of_parameters(parameters, page_url=page, referrer=_text(told, "referrer", 2000))
    if coded and found:
        return Touch(
            source=found.source or coded.source,
            medium=found.medium,
            campaign=found.campaign or coded.campaign,
            content=found.content,
            term=found.term,
            click_ids=found.click_ids,
            code=coded.code,
            referrer=found.referrer,
            page_url=found.page_url,
        )
    return found or coded


def _text(told: Mapping[str, Any], key: str, longest: int) -> str:
    value = told.get(key)
    return storable(value)[:longest] if isinstance(value, str) else ""


def _email(told: Mapping[str, Any]) -> str:
    """The address that was typed, "" where it is none."""
    typed = _text(told, "email", 255).strip()
    return typed if _EMAIL.match(typed) else ""


def _time(value: Any) -> datetime | None:
    """Milliseconds of the visitor's clock, as a hint."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 32_503_680_000_000:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


CHANNEL = WebchatChannel()
