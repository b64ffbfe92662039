"""A chat of several people in MAX: all clients in one, each message headed by the client's name.

`POST /messages?chat_id=`, `PUT /messages?message_id=`, `POST /answers`, `GET /chats/{chatId}` and its `members/me`.
A bot reads a chat only as its administrator. A chat takes two messages a second. Source: dev.max.ru/docs-api.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.max import channel, client, sending, upload
from integrations.protocols import group, values
from integrations.protocols.channel import Outgoing, Sent, Settings, StaffPressed
from integrations.protocols.group import GroupCapabilities, Looked, Posting, Rows
from kit import http

_PRESS_TIMEOUT = 3.0
NO_ADMIN = _("The bot is no administrator of the chat and does not see what is written there. Make it one.")


class MaxGroup(group.BaseGroup):
    """See `integrations.protocols.group.Group`. A message's external id is its `mid`."""

    kind = "max"
    capabilities = GroupCapabilities(
        max_text=sending.MAX_TEXT,
        max_label=sending.MAX_LABEL,
        max_buttons=sending.MAX_BUTTONS,
        media=frozenset(upload.KINDS),
        max_caption=sending.MAX_TEXT,
        calls_a_minute=60.0,
    )
    steps = (
        _("In MAX, make a chat of your colleagues and add the bot to it."),
        _("Make the bot an administrator of the chat: only then it sees what is written there."),
        _("Send this line to the chat:"),
    )

    def look(self, settings: Settings, chat: str) -> http.Call[Looked]:
        path = f"/chats/{_number(chat)}"
        here = yield from _told(client.call(settings, "GET", path))
        title = values.text(here, "title", 255)
        seat = yield from _told(client.call(settings, "GET", f"{path}/members/me"))
        own = seat.get("is_admin") is True or seat.get("is_owner") is True
        return Looked(title=title, lacks="" if own else NO_ADMIN)

    def post(self, settings: Settings, posting: Posting) -> http.Call[Sent]:
        told = sending.body(
            Outgoing(
                chat=posting.chat,
                text=posting.text,
                buttons=posting.buttons,
                reply_to=posting.reply_to,
                media=posting.media,
            )
        )
        if posting.media is not None:
            told["attachments"].insert(0, (yield from _told(upload.attachment(settings, posting.media))))
        query = {"chat_id": _number(posting.chat), "disable_link_preview": "true"}
        for pause in (*channel.NOT_READY_PAUSES, None):
            try:
                answer = yield from client.call(settings, "POST", "/messages", query=query, json=told)
                break
            except client.NotReady:
                if pause is None:
                    raise
                yield http.Pause(pause)
            except errors.Retry as failure:
                raise group.own_pace(failure) from failure
            except errors.Rejected as refusal:
                raise _in_words(refusal) from refusal
        return sending.sent(answer)

    def edit(self, settings: Settings, chat: str, message: str, text: str, buttons: Rows) -> http.Call[None]:
        told = sending.body(Outgoing(chat=chat, text=text, buttons=buttons))
        # A change is no news: nobody's phone rings.
        changed = {"text": told["text"], "attachments": told["attachments"], "notify": False}
        try:
            yield from _told(
                client.call(settings, "PUT", "/messages", query={"message_id": message}, json=changed)
            )
        except errors.Rejected as refusal:
            if refusal.code == "not_found":
                raise group.refused(refusal, group.MESSAGE_LOST) from refusal
            raise

    def acknowledge(self, settings: Settings, pressed: StaffPressed, text: str) -> http.Call[None]:
        query, told = {"callback_id": pressed.acknowledge}, {"notification": text}
        with contextlib.suppress(errors.Rejected):
            yield from client.call(
                settings, "POST", "/answers", query=query, json=told, timeout=_PRESS_TIMEOUT
            )


def _told(call: http.Call[Any]) -> http.Call[Any]:
    """The same call, its refusals in the words of groups."""
    try:
        return (yield from call)
    except errors.Retry as failure:
        raise group.own_pace(failure) from failure
    except errors.Rejected as refusal:
        raise _in_words(refusal) from refusal


_CODES: Mapping[str, str] = {
    "blocked": group.GONE,
    "forbidden": group.GONE,
    "chat_not_found": group.GONE,
}


def _in_words(refusal: errors.Rejected) -> errors.Rejected:
    return group.refused(refusal, _CODES.get(refusal.code, refusal.code))


def _number(chat: str) -> str:
    number = values.ident(chat)
    if number is None:
        raise errors.Rejected("no such chat", code=group.GONE)
    return number


GROUP = MaxGroup()
