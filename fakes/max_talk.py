"""A chat of several people with the bot in it, as MAX shows it, and the colleagues who write there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fakes.max_person import Person
from fakes.server import Answer, Seen

if TYPE_CHECKING:
    from fakes.max import FakeMax


class Talks:
    """What the bot said in chats, by message id, as it now stands. `admin`: it reads what is written there."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.answers: list[str] = []
        self.admin = True

    def keep(self, sent: dict[str, Any]) -> None:
        """A message that went out."""
        self.messages[sent["mid"]] = sent

    def edit(self, seen: Seen) -> Answer:
        """PUT /messages."""
        there = self.messages.get(seen.query.get("message_id", ""))
        if there is None:
            return Answer(404, {"code": "not.found", "message": "message"})
        body = seen.params()
        there |= {key: body[key] for key in ("text", "attachments") if body.get(key) is not None}
        return Answer(200, {"success": True})

    def about(self, seen: Seen) -> Answer:
        """GET /chats/{chatId} and its members/me."""
        if seen.path.endswith("/members/me"):
            return Answer(200, {"user_id": 1, "is_bot": True, "is_admin": self.admin, "is_owner": False})
        return Answer(200, {"chat_id": int(seen.path.split("/")[2]), "type": "chat", "title": "Shift"})


class Colleague(Person):
    """Somebody who writes in a chat."""

    def __init__(self, server: FakeMax, chat: int, user: int, name: str) -> None:
        super().__init__(server, user, name, hook="", secret="")
        self.chat = chat

    def message(self, text: str | None, *attachments: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A Message from them in the chat."""
        told = super().message(text, *attachments, **more)
        told["recipient"] = self._recipient()
        return told

    def reply(self, sent: dict[str, Any], text: str, *attachments: dict[str, Any]) -> int:
        """Answers to a message of the bot."""
        link = {"type": "reply", "message": {"mid": sent["mid"], "text": sent["text"]}}
        return self.say(text, *attachments, link=link)

    def send_photo_in_talk(self, sent: dict[str, Any], content: bytes, text: str) -> int:
        """Answers with a picture."""
        payload = {"photo_id": 1, "token": "t", "url": self.server.serve("talk", content)}
        return self.reply(sent, text, {"type": "image", "payload": payload})

    def press_in_talk(self, sent: dict[str, Any], text: str) -> int:
        """Presses a button."""
        pressed = next(
            button
            for one in sent["attachments"]
            if one["type"] == "inline_keyboard"
            for row in one["payload"]["buttons"]
            for button in row
            if button["text"] == text
        )
        under = {
            "sender": self.server.bot_user(),
            "recipient": self._recipient(),
            "timestamp": self._now(),
            "body": {"mid": sent["mid"], "seq": 1, "text": sent["text"]},
        }
        callback = {
            "timestamp": self._now(),
            "callback_id": f"cb_{time.time_ns()}",
            "payload": pressed.get("payload"),
            "user": self.user(),
        }
        return self.post("message_callback", {"callback": callback, "message": under, "user_locale": "ru"})

    def put_out(self) -> int:
        """Removes the bot from the chat."""
        self.server.gone.add(self.chat)
        return self.post("bot_removed", self._told())

    def bring_in(self) -> int:
        """Adds it."""
        self.server.gone.discard(self.chat)
        return self.post("bot_added", self._told())

    def _told(self) -> dict[str, Any]:
        return {"chat_id": self.chat, "user": self.user(), "user_id": self.id, "is_channel": False}

    def _recipient(self) -> dict[str, Any]:
        return {"chat_id": self.chat, "chat_type": "chat"}
