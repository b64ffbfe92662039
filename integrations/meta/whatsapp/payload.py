"""Our messages as the Cloud API takes them. What it would refuse is refused here, before anything is sent.

Limits: developers.facebook.com/documentation/business-messaging/whatsapp/messages – text 4096, caption 1024, three
reply buttons of 20 characters under at most 1024, or a list of ten rows of 24.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.meta import values
from integrations.meta.whatsapp import people
from integrations.protocols.channel import Button, Outgoing, OutgoingMedia, Template

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_BUTTONS = 10
MAX_LABEL = 20
MAX_VALUE = 200
_REPLY_BUTTONS = 3
_MAX_BODY = 1024
_MAX_KEY = 512

_MB = 1024 * 1024
# What WhatsApp shows as such; another format or a larger file goes as a document.
_SHOWN: dict[str, tuple[tuple[str, ...], int]] = {
    "image": (("image/jpeg", "image/png"), 5 * _MB),
    "sticker": (("image/webp",), 512_000),
    "video": (("video/mp4", "video/3gpp"), 16 * _MB),
    "audio": (("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * _MB),
}
MAX_DOCUMENT = 100 * _MB
_WITH_CAPTION = ("image", "video", "document")
_AS_HEADER = ("image", "video", "document")


def check(outgoing: Outgoing) -> None:
    """Raises Rejected for what cannot be sent at all."""
    text = outgoing.text.strip()
    if outgoing.template is not None:
        if outgoing.media is not None:
            raise _bad(_("A template goes without a file."), "bad_template")
        return
    if outgoing.late:
        raise errors.Rejected(
            _("More than 24 hours have passed since the client's last message: only a template may be sent."),
            code="window_closed",
        )
    if outgoing.media is None and not text:
        raise _bad("the message is empty", "empty_text")
    if len(outgoing.text) > MAX_TEXT:
        raise _bad("the message is too long", "too_long")
    if outgoing.media is not None:
        if len(outgoing.text) > MAX_CAPTION:
            raise _bad("the text under the file is too long", "too_long")
        if len(outgoing.media.content) > MAX_DOCUMENT:
            raise _bad("the file is too large", "bad_media")


def envelope(outgoing: Outgoing) -> dict[str, Any]:
    """What every message has: whom it goes to, what it answers, our key. Raises Rejected for a malformed chat."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    if people.PHONE.match(outgoing.chat):
        body["to"] = outgoing.chat
    elif people.BSUID.match(outgoing.chat):
        body["recipient"] = outgoing.chat
    else:
        raise errors.Rejected("no such chat", code="chat_not_found")
    if outgoing.key:
        body["biz_opaque_callback_data"] = outgoing.key[:_MAX_KEY]
    if outgoing.reply_to and values.quotable(outgoing.reply_to):
        body["context"] = {"message_id": outgoing.reply_to}
    return body


def media_kind(media: OutgoingMedia, *, with_text: bool) -> str:
    """As what a file goes out: what has a text to carry or is not of WhatsApp's formats becomes a document."""
    kind = "audio" if media.kind == "voice" else media.kind
    formats, largest = _SHOWN.get(kind, ((), 0))
    mime = media.mime.partition(";")[0].strip().lower()
    if mime not in formats or len(media.content) > largest or (with_text and kind not in _WITH_CAPTION):
        return "document"
    return kind


def content(outgoing: Outgoing, media_id: str = "") -> dict[str, Any]:
    """The part of a message that differs: `{"type": …, <type>: …}`; `media_id` is that of the uploaded file."""
    if outgoing.template is not None:
        return {"type": "template", "template": template(outgoing.template, outgoing.buttons)}
    buttons = [button for row in outgoing.buttons for button in row]
    if buttons:
        return {"type": "interactive", "interactive": _interactive(outgoing, buttons, media_id)}
    if outgoing.media is not None:
        kind = media_kind(outgoing.media, with_text=bool(outgoing.text.strip()))
        return {"type": kind, kind: _file(outgoing, kind, media_id)}
    return {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}


def template(wanted: Template, rows: tuple[tuple[Button, ...], ...] = ()) -> dict[str, Any]:
    """An approved template with its values; reply buttons give its quick replies their payloads, in order."""
    components: list[dict[str, Any]] = []
    if wanted.values:
        parameters = [{"type": "text", "text": _place(value)} for value in wanted.values]
        components.append({"type": "body", "parameters": parameters})
    replies = [button for row in rows for button in row if button.kind == "reply"]
    for index, button in enumerate(replies):
        components.append(
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": str(index),
                "parameters": [{"type": "payload", "payload": _value(button)}],
            }
        )
    found: dict[str, Any] = {"name": wanted.name, "language": {"code": wanted.language}}
    if components:
        found["components"] = components
    return found


def _place(value: str) -> str:
    """A template's value: WhatsApp refuses line breaks, tabs, runs of blanks and emptiness in it."""
    return re.sub(r"\s+", " ", value).strip()[:MAX_CAPTION] or "-"


def _file(outgoing: Outgoing, kind: str, media_id: str) -> dict[str, Any]:
    assert outgoing.media is not None
    found: dict[str, Any] = {"id": media_id}
    if outgoing.text.strip():
        found["caption"] = outgoing.text
    if kind == "document":
        found["filename"] = outgoing.media.name or "file"
    if kind == "audio" and outgoing.media.kind == "voice":
        found["voice"] = True
    return found


def _interactive(outgoing: Outgoing, buttons: list[Button], media_id: str) -> dict[str, Any]:
    body = {"text": outgoing.text}
    if not outgoing.text.strip():
        raise _bad("buttons need a text", "empty_text")
    if any(button.kind == "contact" for button in buttons):
        # It is a message of a kind of its own; the other answers can still be typed.
        if outgoing.media is not None:
            raise _bad("a file goes without a request for the phone", "bad_buttons")
        return {"type": "request_contact_info", "body": body, "action": {"name": "request_contact_info"}}
    if any(button.kind == "url" for button in buttons):
        return _link(outgoing, buttons, media_id)
    if len(buttons) <= _REPLY_BUTTONS and (len(outgoing.text) <= _MAX_BODY or outgoing.media is not None):
        replies = [
            {"type": "reply", "reply": {"id": _value(b), "title": _label(b.label, MAX_LABEL)}}
            for b in buttons
        ]
        return {"type": "button", **_header(outgoing, media_id), "body": body, "action": {"buttons": replies}}
    if len(buttons) > MAX_BUTTONS or outgoing.media is not None:
        raise _bad("too many buttons", "bad_buttons")
    rows = [{"id": _value(b), "title": _label(b.label, 24)} for b in buttons]
    action = {"button": _("Choose")[:MAX_LABEL], "sections": [{"rows": rows}]}
    return {"type": "list", "body": body, "action": action}


def _link(outgoing: Outgoing, buttons: list[Button], media_id: str) -> dict[str, Any]:
    """A single button that opens a page; WhatsApp has no other place for an address."""
    if len(buttons) != 1 or len(outgoing.text) > _MAX_BODY:
        raise _bad("a link button stands alone", "bad_buttons")
    parameters = {"display_text": _label(buttons[0].label, MAX_LABEL), "url": buttons[0].value}
    action = {"name": "cta_url", "parameters": parameters}
    return {
        "type": "cta_url",
        **_header(outgoing, media_id),
        "body": {"text": outgoing.text},
        "action": action,
    }


def _header(outgoing: Outgoing, media_id: str) -> dict[str, Any]:
    if outgoing.media is None:
        return {}
    kind = media_kind(outgoing.media, with_text=True)
    found: dict[str, Any] = {"id": media_id}
    if kind == "document":
        found["filename"] = outgoing.media.name or "file"
    return {"header": {"type": kind, kind: found}}


def _label(label: str, longest: int) -> str:
    if not label.strip() or len(label) > longest:
        raise _bad(f"a button's label has 1 to {longest} characters", "bad_buttons")
    return label


def _value(button: Button) -> str:
    if not 1 <= len(button.value.encode("utf-8", "replace")) <= MAX_VALUE:
        raise _bad(f"a button's value has 1 to {MAX_VALUE} bytes", "bad_buttons")
    return button.value


def _bad(reason: str, code: str) -> errors.Rejected:
    return errors.Rejected(reason, code=code, content=True)
