"""People who write to a seller on Avito, and the seller's own app: each message goes to the subscribed addresses."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.avito import FakeAvito


class Person:
    """One buyer in one chat. Every method gives the statuses that our hooks answered."""

    def __init__(self, avito: FakeAvito, number: int, name: str, item: int | None) -> None:
        self.avito, self.id, self.name, self.item = avito, number, name, item
        self.chat = f"u2i-{number}~{item}" if item else f"u2u-{number}"
        self.last: dict[str, Any] = {}
        if self.chat not in avito.chats:
            avito.chats[self.chat] = self._info()

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "id": self.chat,
            "created": 1,
            "updated": 1,
            "users": [
                {"id": self.id, "name": self.name, "public_user_profile": {"user_id": self.id}},
                {"id": self.avito.user_id, "name": "Salon"},
            ],
        }
        if self.item:
            value = {
                "id": self.item,
                "title": "Manicure",
                "price_string": "1 500 ₽",
                "status_id": 10,
                "url": f"https://avito.ru/omsk/{self.item}",
                "user_id": self.avito.user_id,
                "images": {"count": 1, "main": {"140x105": f"{self.avito.url}/files/image/140x105/m.jpg"}},
            }
            info["context"] = {"type": "item", "value": value}
        return info

    def say(self, text: str, **more: Any) -> list[int]:
        """Writes a text."""
        return self._write("text", {"text": text}, **more)

    def send_photo(self, content: bytes = b"\xff\xd8\xff photo") -> list[int]:
        """Sends a picture."""
        ident = uuid.uuid4().hex
        self.avito.images[ident] = content
        sizes = {
            size: f"{self.avito.url}/files/image/{size}/{ident}.jpg"
            for size in ("32x32", "640x480", "140x105")
        }
        return self._write("image", {"image": {"sizes": sizes}})

    def send_voice(self, content: bytes = b"ftyp opus") -> list[int]:
        """Sends a recording."""
        ident = str(uuid.uuid4())
        self.avito.voices[ident] = content
        return self._write("voice", {"voice": {"voice_id": ident}})

    def call_in_vain(self) -> list[int]:
        """Calls by the app and is not heard."""
        return self._write("call", {"call": {"status": "missed", "target_user_id": self.avito.user_id}})

    def send_video(self) -> list[int]:
        """Sends what the API does not show."""
        return self._write("video", {})

    def take_back(self) -> list[int]:
        """Deletes the last message."""
        self.last |= {"type": "deleted", "content": {}}
        return self.avito.tell(self.chat, self.last)

    def answered_by_seller(self, text: str) -> list[int]:
        """The seller answers this person from Avito's own app."""
        return self.avito.tell(
            self.chat, self.avito.add(self.chat, self.avito.user_id, "text", {"text": text})
        )

    def block_seller(self) -> None:
        """Puts the seller on the black list."""
        self.avito.blocked.add(self.chat)

    def _write(self, kind: str, content: dict[str, Any], **more: Any) -> list[int]:
        self.last = self.avito.add(self.chat, self.id, kind, content, **more)
        return self.avito.tell(self.chat, self.last)

    @staticmethod
    def post(hook: str, event: dict[str, Any]) -> int:
        """Posts an event as Avito does; 0 when the connection failed."""
        request = urllib.request.Request(
            hook,
            data=json.dumps(event, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json", "X-Avito-Messenger-Signature": "0" * 64},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0
