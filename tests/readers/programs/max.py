# mypy: disable-error-code="import-not-found"
"""maxapi makes the calls of ours anew, from its own types, and reads the updates of the fake."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from maxapi import Bot
from maxapi.connection.base import BaseConnection
from maxapi.enums.update import UpdateType
from maxapi.enums.upload_type import UploadType
from maxapi.methods.edit_message import EditMessage
from maxapi.methods.get_chat_by_id import GetChatById
from maxapi.methods.get_me import GetMe
from maxapi.methods.get_me_from_chat import GetMeFromChat
from maxapi.methods.get_messages import GetMessages
from maxapi.methods.get_subscriptions import GetSubscriptions
from maxapi.methods.get_upload_url import GetUploadURL
from maxapi.methods.get_video import GetVideo
from maxapi.methods.send_action import SendAction
from maxapi.methods.send_callback import SendCallback
from maxapi.methods.send_message import SendMessage
from maxapi.methods.subscribe_webhook import SubscribeWebhook
from maxapi.methods.unsubscribe_webhook import UnsubscribeWebhook
from maxapi.types.attachments.buttons.attachment_button import AttachmentButton
from maxapi.types.attachments.upload import AttachmentUpload
from maxapi.types.message import NewMessageLink
from maxapi.types.updates import UpdateUnionAdapter

from .compare import compare

KNOWN = {
    r"body\.attachments\[\d+\]\.payload\.buttons\[\d+\]\[\d+\]\.intent": (
        "maxapi always says how a button looks; left out, it looks the same"
    ),
    r"(.+\.)?(user|sender|max_info)\.name": "MAX sends it as a relic beside first_name; maxapi has dropped it",
    r"user_id": "MAX names the person twice in events of a dialog; maxapi reads the other place",
    r"user|user_locale": "the fake tells of who took a message back more than MAX does; it is not read",
    r"message_created\.message\.link\.message\.seq": "the fake does not number the message that is answered",
}

Parts = dict[str, Any]
made: list[Parts] = []
bot = Bot("token")


async def _recorded(self: Any, method: Any, path: Any, model: Any = None, **more: Any) -> Any:
    query = {key: str(value) for key, value in (more.get("params") or {}).items()}
    body = json.loads(json.dumps(more.get("json") or {}))
    made.append(
        {"method": str(method.value), "path": str(getattr(path, "value", path)), "query": query, "body": body}
    )
    return object()


BaseConnection.request = _recorded  # type: ignore[method-assign, assignment]


def differences(case: dict[str, Any]) -> list[str]:
    """A case is an "update", or a call: "method", "path", "query", "body"."""
    if "update" in case:
        read = UpdateUnionAdapter.validate_python(case["update"])
        written = read.model_dump(mode="json", exclude_unset=True, by_alias=True)
        return compare(case["update"], written)
    parts = case["path"].strip("/").split("/")
    make = CALLS[case["method"], parts[0], *(part for part in parts[2:])]
    made.clear()
    asyncio.run(make(case["query"], case["body"] or {}, parts[-1] if len(parts) < 3 else parts[1]).fetch())
    # MAX takes null for a part that is not there.
    body = {key: value for key, value in (case["body"] or {}).items() if value is not None}
    return compare({**case, "body": body}, made[0])


def _message(query: Parts, body: Parts, _name: str) -> SendMessage:
    return SendMessage(
        bot,
        chat_id=_number(query, "chat_id"),
        user_id=_number(query, "user_id"),
        text=body.get("text"),
        attachments=_attachments(body),
        link=NewMessageLink(**body["link"]) if body.get("link") else None,
        notify=body.get("notify"),
        disable_link_preview=json.loads(query["disable_link_preview"]),
    )


def _edit(query: Parts, body: Parts, _name: str) -> EditMessage:
    return EditMessage(
        bot,
        query["message_id"],
        text=body.get("text"),
        attachments=_attachments(body),
        notify=body.get("notify"),
    )


def _attachments(body: Parts) -> list[Any]:
    return [
        (AttachmentButton if one["type"] == "inline_keyboard" else AttachmentUpload).model_validate(one)
        for one in body["attachments"]
    ]


def _subscription(_query: Parts, body: Parts, _name: str) -> SubscribeWebhook:
    wanted = [UpdateType(name) for name in body["update_types"]]
    return SubscribeWebhook(bot, body["url"], update_types=wanted, secret=body.get("secret"))


CALLS: dict[tuple[str, ...], Callable[[Parts, Parts, str], Any]] = {
    ("POST", "messages"): _message,
    ("PUT", "messages"): _edit,
    ("GET", "messages"): lambda query, _body, _name: GetMessages(
        bot, chat_id=_number(query, "chat_id"), count=_number(query, "count")
    ),
    ("POST", "answers"): lambda query, body, _name: SendCallback(
        bot, query["callback_id"], notification=body.get("notification")
    ),
    ("POST", "subscriptions"): _subscription,
    ("GET", "subscriptions"): lambda _query, _body, _name: GetSubscriptions(bot),
    ("DELETE", "subscriptions"): lambda query, _body, _name: UnsubscribeWebhook(bot, query["url"]),
    ("POST", "uploads"): lambda query, _body, _name: GetUploadURL(bot, UploadType(query["type"])),
    ("GET", "me"): lambda _query, _body, _name: GetMe(bot),
    ("GET", "videos"): lambda _query, _body, name: GetVideo(bot, name),
    ("GET", "chats"): lambda _query, _body, name: GetChatById(bot, int(name)),
    ("GET", "chats", "members", "me"): lambda _query, _body, name: GetMeFromChat(bot, int(name)),
    ("POST", "chats", "actions"): lambda _query, body, name: SendAction(bot, int(name), body["action"]),
}


def _number(query: Parts, name: str) -> int | None:
    return int(query[name]) if name in query else None
