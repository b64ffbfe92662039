"""A Telegram group with topics: each client is one.

Methods createForumTopic, editForumTopic, closeForumTopic, reopenForumTopic, pinChatMessage, editMessageText, getChat
and getChatMember of Bot API 10.2. The bot must be an administrator that may manage topics: as one it also sees every
message, whatever its privacy mode. A group takes 20 messages a minute.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import group
from integrations.protocols.channel import Outgoing, Sent, Settings, StaffPressed
from integrations.protocols.group import GroupCapabilities, Looked, Posting, Rows
from integrations.telegram import channel, client, files, values
from kit import http

_LINK = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_TEXT_OF_PRESS = 200
_PRESS_TIMEOUT = 3.0

# Parts of descriptions, lower case.
_GONE = (
    "bot was kicked",
    "bot is not a member",
    "group chat was deleted",
    "chat not found",
    "chat_write_forbidden",
)
_TOPIC = ("message thread not found", "topic_deleted", "topic_id_invalid", "topic not found")
_SAME = ("topic_not_modified", "message is not modified")
_NO_TOPICS = ("the chat is not a forum", "chat_not_forum", "channel_forum_missing")
_RIGHTS = ("not enough rights", "need administrator rights", "chat_admin_required")

NO_TOPICS = _("Topics are off in this group. Open its settings in Telegram and switch “Topics” on.")
NO_ADMIN = _("The bot is no administrator of the group. Make it one, with the right to manage topics.")
NO_RIGHT = _("The bot may not manage topics. Open its rights in the group's administrators and allow it.")


class TelegramGroup(group.BaseGroup):
    """See `integrations.protocols.group.Group`. `chat` and messages are named as in the channel's facts."""

    kind = "telegram"
    capabilities = GroupCapabilities(
        topics=True,
        max_text=4096,
        text_unit="utf16",
        max_label=64,
        max_buttons=100,
        max_topic=128,
        media=frozenset(files.METHODS),
        max_media=files.LARGEST,
        max_caption=files.CAPTION,
        # Five at once and one every four seconds: never more than 20 in a minute, however it is cut out.
        calls_a_minute=15.0,
        burst=5.0,
    )
    steps = (
        _("In Telegram, make a group of your colleagues. In its settings switch “Topics” on."),
        _("Add the bot to the group and make it an administrator that may manage topics and pin messages."),
        _("Send this line to the group, or press the button below: it does steps two and three at once."),
    )

    def link(self, base: str, code: str) -> str | None:
        """Telegram asks which group, and for the rights; the bot then hears `/start <code>` there."""
        if not base or not _LINK.match(code):
            return None
        return f"{base}?startgroup={code}&admin=manage_topics+pin_messages"

    def look(self, settings: Settings, chat: str) -> http.Call[Looked]:
        token = _token(settings)
        here = yield from _call(settings, "getChat", {"chat_id": _number(chat)})
        about = here if isinstance(here, dict) else {}
        title = values.text(about, "title")[:255]
        if about.get("is_forum") is not True:
            return Looked(title=title, lacks=NO_TOPICS)
        own = int(client.checked(token).partition(":")[0])
        seat = yield from _call(settings, "getChatMember", {"chat_id": _number(chat), "user_id": own})
        told = seat if isinstance(seat, dict) else {}
        if values.text(told, "status") not in ("administrator", "creator"):
            return Looked(title=title, lacks=NO_ADMIN)
        may = told.get("can_manage_topics") is True or values.text(told, "status") == "creator"
        return Looked(title=title, lacks="" if may else NO_RIGHT)

    def open_topic(self, settings: Settings, chat: str, name: str) -> http.Call[str]:
        made = yield from _call(settings, "createForumTopic", {"chat_id": _number(chat), "name": name})
        number = values.ident(made.get("message_thread_id")) if isinstance(made, dict) else None
        if number is None:
            raise errors.Uncertain("the answer names no topic")
        return number

    def rename_topic(self, settings: Settings, chat: str, topic: str, name: str) -> http.Call[None]:
        yield from _same_will_do(_call(settings, "editForumTopic", {**_place(chat, topic), "name": name}))

    def close_topic(self, settings: Settings, chat: str, topic: str, *, closed: bool) -> http.Call[None]:
        method = "closeForumTopic" if closed else "reopenForumTopic"
        yield from _same_will_do(_call(settings, method, _place(chat, topic)))

    def post(self, settings: Settings, posting: Posting) -> http.Call[Sent]:
        sent = yield from _told(_post(settings, posting))
        if posting.pin:
            pinned = {
                "chat_id": _number(posting.chat),
                "message_id": int(sent.external_id.rpartition(":")[2]),
            }
            # It stands there, pinned or not.
            with contextlib.suppress(*errors.FAILURES):
                yield from client.call(
                    _token(settings), "pinChatMessage", {**pinned, "disable_notification": True}
                )
        return sent

    def edit(self, settings: Settings, chat: str, message: str, text: str, buttons: Rows) -> http.Call[None]:
        params = channel.message(Outgoing(chat=chat, text=text, buttons=buttons))
        params["message_id"] = int(values.ident(message.rpartition(":")[2]) or 0)
        yield from _same_will_do(_call(settings, "editMessageText", params))

    def acknowledge(self, settings: Settings, pressed: StaffPressed, text: str) -> http.Call[None]:
        params: dict[str, Any] = {"callback_query_id": pressed.acknowledge, "text": text[:_TEXT_OF_PRESS]}
        with contextlib.suppress(errors.Rejected):
            yield from client.call(_token(settings), "answerCallbackQuery", params, timeout=_PRESS_TIMEOUT)


def _post(settings: Settings, posting: Posting) -> http.Call[Sent]:
    outgoing = Outgoing(
        chat=posting.chat,
        text=posting.text,
        buttons=posting.buttons,
        reply_to=posting.reply_to,
        media=posting.media,
        key=posting.key,
    )
    place = {"message_thread_id": int(posting.topic)} if posting.topic else {}
    if outgoing.media is not None:
        result = yield from files.send(_token(settings), {**channel.envelope(outgoing), **place}, outgoing)
    else:
        result = yield from client.call(
            _token(settings), "sendMessage", {**channel.message(outgoing), **place}
        )
    number = values.ident(result.get("message_id")) if isinstance(result, dict) else None
    if number is None:
        raise errors.Uncertain("the answer names no message")
    return Sent(f"{posting.chat}:{number}")


def _call(settings: Settings, method: str, params: dict[str, Any]) -> http.Call[Any]:
    return _told(client.call(_token(settings), method, params))


def _told(call: http.Call[Any]) -> http.Call[Any]:
    """The same call, its refusals in the words of groups."""
    try:
        return (yield from call)
    except errors.Retry as failure:
        raise group.own_pace(failure) from failure
    except errors.Rejected as refusal:
        raise _in_words(refusal) from refusal


def _same_will_do(call: http.Call[Any]) -> http.Call[None]:
    """What stands as it should already is no failure."""
    try:
        yield from call
    except errors.Rejected as refusal:
        if not any(part in refusal.reason.lower() for part in _SAME):
            raise


def _in_words(refusal: errors.Rejected) -> errors.Rejected:
    said = refusal.reason.lower()
    if refusal.revoked or refusal.moved_to or refusal.content:
        return group.refused(refusal, refusal.code)
    if any(part in said for part in _NO_TOPICS):
        return group.refused(refusal, group.LACKS, str(NO_TOPICS))
    if any(part in said for part in _RIGHTS):
        return group.refused(refusal, group.LACKS, str(NO_RIGHT))
    if any(part in said for part in _TOPIC):
        return group.refused(refusal, group.TOPIC_LOST)
    if refusal.code == "no_such_message":
        return group.refused(refusal, group.MESSAGE_LOST)
    if refusal.code == "forbidden" or any(part in said for part in _GONE):
        return group.refused(refusal, group.GONE)
    return group.refused(refusal, refusal.code)


def _place(chat: str, topic: str) -> dict[str, Any]:
    return {"chat_id": _number(chat), "message_thread_id": int(topic)}


def _number(chat: str) -> int:
    number = values.ident(chat)
    if number is None:
        raise errors.Rejected("no such group", code=group.GONE)
    return int(number)


def _token(settings: Settings) -> str:
    return settings.get("bot_token") or ""


GROUP = TelegramGroup()
