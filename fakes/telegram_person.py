"""People who write to a Telegram bot: each posts updates to the bot's webhook, as Telegram's server would."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.telegram import FakeTelegram


# One grey point as a PNG.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
_files = itertools.count(1)


class Person:
    """One person in Telegram. Every method posts an update to the bot's webhook and returns the answer's status."""

    def __init__(
        self, telegram: FakeTelegram, chat: int, name: str, *, hook: str, secret: str, token: str
    ) -> None:
        self.telegram, self.id, self.name = telegram, chat, name
        self.hook, self.secret, self.token = hook, secret, token
        self._messages = itertools.count(1)

    def say(self, text: str, **extra: Any) -> int:
        """Writes a text."""
        return self.post({"message": self.message(text=text, **extra)})

    def start(self, code: str = "") -> int:
        """Opens the chat by a link with `code`, or by the Start button."""
        text = f"/start {code}".strip()
        entities = [{"offset": 0, "length": 6, "type": "bot_command"}]
        return self.say(text, entities=entities)

    def share_contact(self, phone: str, *, own: bool = True) -> int:
        """Shares the own number (or a card of somebody else)."""
        contact: dict[str, Any] = {"phone_number": phone, "first_name": self.name}
        if own:
            contact["user_id"] = self.id
        return self.post({"message": self.message(contact=contact)})

    def press(self, sent: dict[str, Any], value: str) -> int:
        """Presses a button under a message of ours (as `sent_to` gives it)."""
        under = {
            "message_id": sent.get("message_id", 1),
            "date": int(time.time()),
            "chat": {"id": self.id, "type": "private"},
            "text": sent.get("text", ""),
        }
        query = {"id": str(time.time_ns()), "from": self.user(), "chat_instance": "1", "data": value}
        return self.post({"callback_query": {**query, "message": under}})

    def edit(self, number: int, text: str) -> int:
        """Changes a message."""
        edited = {**self.message(text=text), "message_id": number, "edit_date": int(time.time())}
        return self.post({"edited_message": edited})

    def send_photo(self, caption: str = "", group: str = "", content: bytes = PICTURE) -> int:
        """Sends a picture, as part of an album when `group` is given."""
        small, large = self._keep(content), self._keep(content)
        sizes = [
            {"file_id": small, "file_unique_id": "s", "width": 90, "height": 60},
            {
                "file_id": large,
                "file_unique_id": "l",
                "width": 1280,
                "height": 853,
                "file_size": len(content),
            },
        ]
        extra: dict[str, Any] = {"photo": sizes}
        if caption:
            extra["caption"] = caption
        if group:
            extra["media_group_id"] = group
        return self.post({"message": self.message(**extra)})

    def send_file(self, field: str, content: bytes, *, caption: str = "", **facts: Any) -> int:
        """Sends a voice message, a video, a document …: `field` is the Bot API's, `facts` its further fields."""
        file = {"file_id": self._keep(content), "file_unique_id": "u", "file_size": len(content), **facts}
        extra: dict[str, Any] = {field: file}
        if caption:
            extra["caption"] = caption
        return self.post({"message": self.message(**extra)})

    def send_place(self, latitude: float, longitude: float) -> int:
        """Sends a point on the map."""
        return self.post({"message": self.message(location={"latitude": latitude, "longitude": longitude})})

    def _keep(self, content: bytes) -> str:
        """Puts a file where the bot can fetch it; its file_id."""
        ident = f"AgAC{time.time_ns()}{next(_files)}"
        self.telegram.files[ident] = content
        return ident

    def block(self) -> int:
        """Blocks the bot."""
        self.telegram.blocked.add(str(self.id))
        return self.post({"my_chat_member": self._membership("member", "kicked")})

    def unblock(self) -> int:
        """Lets the bot write again."""
        self.telegram.blocked.discard(str(self.id))
        return self.post({"my_chat_member": self._membership("kicked", "member")})

    def user(self) -> dict[str, Any]:
        """Their User object."""
        return {"id": self.id, "is_bot": False, "first_name": self.name, "language_code": "ru"}

    def message(self, **extra: Any) -> dict[str, Any]:
        """A Message from them with the next number."""
        return {
            "message_id": next(self._messages),
            "from": self.user(),
            "chat": {"id": self.id, "type": "private", "first_name": self.name},
            "date": int(time.time()),
            **extra,
        }

    def post(self, update: dict[str, Any], *, update_id: int | None = None) -> int:
        """Posts an update; 0 when the connection failed."""
        self.telegram.started.add(str(self.id))
        hook, secret = self.hook, self.secret
        if not hook:
            registered = self.telegram.webhooks[self.token]
            hook, secret = registered["url"], registered["secret_token"]
        ident = self.telegram.next_update() if update_id is None else update_id
        request = urllib.request.Request(
            hook,
            data=json.dumps({"update_id": ident, **update}, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def _membership(self, old: str, new: str) -> dict[str, Any]:
        bot = {"id": 1, "is_bot": True, "first_name": "Salon"}
        return {
            "chat": {"id": self.id, "type": "private"},
            "from": self.user(),
            "date": int(time.time()),
            "old_chat_member": {"user": bot, "status": old},
            "new_chat_member": {"user": bot, "status": new, "until_date": 0},
        }
