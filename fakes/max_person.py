"""People who write to a bot in MAX: each posts updates to its webhook, as MAX's server would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.max import FakeMax


class Person:
    """One person in MAX. Every method posts an update to the bot's webhook and returns the answer's status."""

    def __init__(self, server: FakeMax, user: int, name: str, *, hook: str, secret: str) -> None:
        self.server, self.id, self.name, self.hook, self.secret = server, user, name, hook, secret

    def start(self, code: str | None = None) -> int:
        """Presses Start, behind a deep link with `code`."""
        self.server.started.add(self.id)
        self.server.stopped.discard(self.id)
        return self.post("bot_started", {**self._about(), "payload": code})

    def stop(self) -> int:
        """Deletes the dialog: MAX tells it twice."""
        self.server.stopped.add(self.id)
        self.post("bot_stopped", self._about())
        return self.post("dialog_removed", self._about())

    def say(self, text: str | None, *attachments: dict[str, Any], **more: Any) -> int:
        """Writes a text; `more` are parts of the message (`link`)."""
        return self.post("message_created", {"message": self.message(text, *attachments, **more)})

    def send_photo(self, content: bytes = b"\xff\xd8photo", text: str = "") -> int:
        """Sends a picture that can be fetched from the fake."""
        payload = {"photo_id": 1, "token": "t_photo", "url": self.server.serve("photo", content)}
        return self.say(text, {"type": "image", "payload": payload})

    def send_voice(self, content: bytes = b"OggS") -> int:
        """Sends a voice message."""
        payload = {"token": "t_voice", "url": self.server.serve("voice", content)}
        return self.say(None, {"type": "audio", "payload": payload, "transcription": None})

    def send_film(self, content: bytes = b"film") -> int:
        """Sends a film: its own address is a player's page."""
        self.server.films["t_film"] = {"mp4_720": self.server.serve("film.mp4", content)}
        payload = {"token": "t_film", "url": f"{self.server.url}/player"}
        return self.say(None, {"type": "video", "payload": payload, "duration": 5})

    def share_contact(self, phone: str, *, own: bool = True) -> int:
        """Shares the own card (or that of somebody else)."""
        about = self.user() if own else {**self.user(), "user_id": self.id + 1}
        card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:{phone}\r\nFN:{self.name}\r\nEND:VCARD\r\n"
        return self.say("", {"type": "contact", "payload": {"vcf_info": card, "max_info": about}})

    def press(self, sent: dict[str, Any], text: str, *, with_chat: bool = False) -> int:
        """Presses a button under a message of ours (as `sent_to` gives it). In dialogs MAX may leave the chat out."""
        pressed = next(
            button
            for one in sent["attachments"]
            if one["type"] == "inline_keyboard"
            for row in one["payload"]["buttons"]
            for button in row
            if button["text"] == text
        )
        recipient: dict[str, Any] = {"chat_type": "dialog", "user_id": self.id}
        if with_chat:
            recipient["chat_id"] = self.server.dialog(self.id)
        under = {
            "sender": self.server.bot_user(),
            "recipient": recipient,
            "timestamp": self._now(),
            "body": {"mid": sent["mid"], "seq": 1, "text": sent["text"]},
        }
        callback = {
            "timestamp": self._now(),
            "callback_id": f"f9LHodD0cOJf4_{sent['mid']}",
            "payload": pressed.get("payload"),
            "user": self.user(),
        }
        return self.post("message_callback", {"callback": callback, "message": under, "user_locale": "ru"})

    def edit(self, mid: str, text: str) -> int:
        """Changes a message."""
        changed = self.message(text)
        changed["body"]["mid"] = mid
        return self.post("message_edited", {"message": changed})

    def remove(self, mid: str) -> int:
        """Takes a message back."""
        return self.post("message_removed", {**self._about(), "message_id": mid})

    def user(self) -> dict[str, Any]:
        """Their User object."""
        return {
            "user_id": self.id,
            "first_name": self.name,
            "last_name": "",
            "is_bot": False,
            "last_activity_time": self._now(),
            "name": self.name,
        }

    def message(self, text: str | None, *attachments: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A Message from them with a fresh id."""
        body: dict[str, Any] = {"mid": self.server.next_mid(self.id), "seq": 1, "text": text}
        if attachments:
            body["attachments"] = list(attachments)
        dialog = self.server.dialog(self.id)
        return {
            "sender": self.user(),
            "recipient": {"chat_id": dialog, "chat_type": "dialog", "user_id": self.server.bot},
            "timestamp": self._now(),
            "body": body,
            **more,
        }

    def post(self, kind: str, about: dict[str, Any]) -> int:
        """Posts an update to the hook, or to each subscribed address; 0 when a connection failed."""
        update = {"update_type": kind, "timestamp": self._now(), **about}
        body = json.dumps(update, ensure_ascii=False).encode()
        subscribed = [(url, self.server.secrets[url]) for url in self.server.subscriptions]
        status = 0
        for url, secret in [(self.hook, self.secret)] if self.hook else subscribed:
            status = self._posted(url, secret, body)
        return status

    def _posted(self, url: str, secret: str, body: bytes) -> int:
        headers = {"Content-Type": "application/json", "X-Max-Bot-Api-Secret": secret}
        request = urllib.request.Request(url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def _about(self) -> dict[str, Any]:
        return {
            "chat_id": self.server.dialog(self.id),
            "user": self.user(),
            "user_id": self.id,
            "user_locale": "ru",
        }

    @staticmethod
    def _now() -> int:
        return int(time.time() * 1000)
