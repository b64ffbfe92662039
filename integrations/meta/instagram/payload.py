"""Our messages as Instagram's Send API takes them. What it would refuse is refused here, before anything is sent.

Limits: developers.facebook.com/documentation/business-messaging/instagram-messaging/features – text of 1000 bytes
(UTF-8), 13 quick replies of 20 characters, pictures of 8 MB, films, sound and PDF files of 25 MB.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.utils.translation import gettext as _

from integrations import errors
from integrations.meta.instagram.parse import COMMENT
from integrations.protocols.channel import Button, Outgoing, OutgoingMedia, text_length

MAX_BYTES = 1000
MAX_BUTTONS = 13
MAX_LABEL = 20
MAX_VALUE = 1000
_MB = 1024 * 1024
MAX_FILE = 25 * _MB
_MAX_IMAGE = 8 * _MB

_TYPES = {"image": "image", "video": "video", "audio": "audio", "voice": "audio", "document": "file"}
_CHAT = re.compile(r"[A-Za-z0-9_.-]{1,200}\Z")
_PERSON = re.compile(r"[0-9]{1,30}\Z")


def check(outgoing: Outgoing) -> None:
    """Raises Rejected for what cannot be sent at all."""
    text = outgoing.text.strip()
    if not _PERSON.match(outgoing.chat):
        raise errors.Rejected("no such chat", code="chat_not_found")
    if outgoing.template is not None:
        raise _bad("Instagram has no templates", "bad_template")
    if outgoing.media is None and not text:
        raise _bad("the message is empty", "empty_text")
    if text_length(outgoing.text, "bytes") > MAX_BYTES:
        raise _bad("the message is too long", "too_long")
    if outgoing.media is not None and (text or any(outgoing.buttons)):
        raise _bad(_("A file goes without a text: send them one after the other."), "bad_media")
    if outgoing.late and not outgoing.by_person and not of_comment(outgoing):
        raise errors.Rejected(
            _("More than 24 hours have passed since the client's last message: only a person may write now."),
            code="window_closed",
        )
    if outgoing.media is not None:
        _check_file(outgoing.media)


def of_comment(outgoing: Outgoing) -> str:
    """The id of the comment that is answered in private, "" when none is."""
    given = outgoing.reply_to or ""
    number = given.removeprefix(COMMENT)
    return number if given.startswith(COMMENT) and _CHAT.match(number) else ""


def body(outgoing: Outgoing, attachment_id: str = "") -> dict[str, Any]:
    """The body of a call of `messages`; `attachment_id` is that of the uploaded file."""
    comment = of_comment(outgoing)
    found: dict[str, Any] = {
        # One private answer to a comment, within seven days of it; the 24 hours do not concern it.
        "recipient": {"comment_id": comment} if comment else {"id": outgoing.chat},
        "message": _message(outgoing, attachment_id),
    }
    if outgoing.late and not comment:
        found |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return found


def upload(media: OutgoingMedia) -> tuple[dict[str, str], dict[str, tuple[str, bytes, str]]]:
    """Form and file of a call of `message_attachments`."""
    message = {"attachment": {"type": _TYPES[media.kind], "payload": {"is_reusable": False}}}
    # Names with other letters than ASCII are refused.
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", media.name).strip("_") or "file"
    mime = media.mime.partition(";")[0].strip() or "application/octet-stream"
    form = {"platform": "instagram", "message": json.dumps(message)}
    return form, {"filedata": (name, media.content, mime)}


def _message(outgoing: Outgoing, attachment_id: str) -> dict[str, Any]:
    if outgoing.media is not None:
        kind = _TYPES[outgoing.media.kind]
        return {"attachment": {"type": kind, "payload": {"attachment_id": attachment_id}}}
    found: dict[str, Any] = {"text": outgoing.text}
    buttons = [button for row in outgoing.buttons for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise _bad("too many buttons", "bad_buttons")
    if buttons:
        found["quick_replies"] = [_quick_reply(button) for button in buttons]
    return found


def _quick_reply(button: Button) -> dict[str, str]:
    if button.kind != "reply":
        raise _bad("Instagram has no such buttons", "bad_buttons")
    if not button.label.strip() or len(button.label) > MAX_LABEL:
        raise _bad(f"a button's label has 1 to {MAX_LABEL} characters", "bad_buttons")
    if not 1 <= len(button.value.encode("utf-8", "replace")) <= MAX_VALUE:
        raise _bad(f"a button's value has 1 to {MAX_VALUE} bytes", "bad_buttons")
    return {"content_type": "text", "title": button.label, "payload": button.value}


def _check_file(media: OutgoingMedia) -> None:
    if media.kind not in _TYPES:
        raise _bad("Instagram takes no such files", "bad_media")
    if media.kind == "document" and media.mime.partition(";")[0].strip().lower() != "application/pdf":
        raise _bad(_("Instagram takes documents as PDF only."), "bad_media")
    if len(media.content) > (_MAX_IMAGE if media.kind == "image" else MAX_FILE):
        raise _bad("the file is too large", "bad_media")


def _bad(reason: str, code: str) -> errors.Rejected:
    return errors.Rejected(reason, code=code, content=True)
