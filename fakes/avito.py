"""Avito's API as our server sees it, and people who write to a seller.

    with FakeAvito() as avito:
        anna = avito.person(121185841, "Anna", item=3363702577)
        anna.say("Is it still free?")            # to every address that is subscribed
        avito.sent_to(anna.chat)

`python -m fakes.avito --port 8085` runs it alone. From another process: `GET /_fake/ledger?since=0`, `POST
/_fake/script {"path", "status"|"fault", "times"}`, `POST /_fake/say {"person", "name", "item", "text"}`.
Answers are those of Avito's OpenAPI as far as we rely on them; the texts of errors are ours.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fakes.avito_person import Person
from fakes.server import Answer, FakeServer, Seen

_CHAT = re.compile(r"/messenger/v[123]/accounts/(\d+)/chats/([^/]+)(/.*)?\Z")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"\x00\x00\x00")


class FakeAvito(FakeServer):
    """One seller, one application. Tokens die by `expire_tokens`; `tariff` False closes the messenger."""

    def __init__(
        self,
        *,
        latency: float = 0.0,
        port: int = 0,
        user_id: int = 353207078,
        client_id: str = "cid",
        client_secret: str = "csecret",
    ) -> None:
        super().__init__(latency=latency, port=port)
        self.user_id, self.client_id, self.client_secret = user_id, client_id, client_secret
        self.tariff = True
        self.tokens: set[str] = set()
        self.subscriptions: list[str] = []
        self.chats: dict[str, dict[str, Any]] = {}
        self.history: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.unread: set[str] = set()
        self.blocked: set[str] = set()
        self.images: dict[str, bytes] = {}
        self.voices: dict[str, bytes] = {}

    # For tests ------------------------------------------------------------------------------------------------

    def person(self, number: int, name: str = "Anna", *, item: int | None = 3363702577) -> Person:
        """Somebody who writes about a listing (None: to the profile)."""
        return Person(self, number, name, item)

    def sent_to(self, chat: str) -> list[dict[str, Any]]:
        """Messages that our side sent into a chat, in order."""
        with self.lock:
            return [row for row in self.history[chat] if row["direction"] == "out"]

    def expire_tokens(self) -> None:
        """Every token given so far is refused from now on."""
        self.tokens.clear()

    def add(self, chat: str, author: int, kind: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Puts a message into a chat's history; the newest is the last."""
        with self.lock:
            row = {
                "id": uuid.uuid4().hex,
                "author_id": author,
                "created": int(time.time()),
                "direction": "out" if author == self.user_id else "in",
                "type": kind,
                "content": content,
                "is_read": False,
                **more,
            }
            self.history[chat].append(row)
            if author != self.user_id:
                self.unread.add(chat)
            last = {key: row[key] for key in ("id", "author_id", "created", "direction", "type", "content")}
            self.chats[chat] |= {"last_message": last, "updated": row["created"]}
            return row

    # The API --------------------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        """The last steps of the path tell the call: "messages", "image", "token", "webhook" …"""
        return seen.path.rstrip("/").rpartition("/")[2]

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        if seen.path.startswith("/files/"):
            return self._file(seen)
        answer = self._served(seen)
        if answer.status != 200:
            seen.executed = False
        return answer

    def _served(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            return self._token(seen)
        if seen.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(403, "invalid access token")
        if seen.path == "/core/v1/accounts/self":
            found = {"id": self.user_id, "name": "Salon", "email": "salon@example.ru", "phone": "79130000000"}
            return Answer(200, {**found, "profile_url": f"https://avito.ru/user/{self.user_id}/profile"})
        if not self.tariff:
            return error(402, "messenger api is not available for current tariff")
        plain: dict[str, Callable[[Seen], Answer]] = {
            "/messenger/v3/webhook": self._subscribe,
            "/messenger/v1/subscriptions": self._subscriptions,
            "/messenger/v1/webhook/unsubscribe": self._unsubscribe,
        }
        if seen.path in plain:
            return plain[seen.path](seen) if seen.method == "POST" else error(405, "method not allowed")
        own = f"accounts/{self.user_id}/"
        if own not in seen.path:
            return error(403, "permission denied")
        tail = seen.path.partition(own)[2]
        if tail == "uploadImages":
            return self._upload(seen)
        if tail == "getVoiceFiles":
            ids = seen.query.get("voice_ids", "").split(",")
            return Answer(
                200, {"voices_urls": {i: f"{self.url}/files/voice/{i}" for i in ids if i in self.voices}}
            )
        if tail == "chats" and seen.path.startswith("/messenger/v2/"):
            return self._chats(seen)
        match = _CHAT.match(seen.path)
        if not match or match[2] not in self.chats:
            return error(404, "chat not found")
        return self._in_chat(seen, match[2], match[3] or "")

    def _token(self, seen: Seen) -> Answer:
        told = seen.params()
        if told.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type"})
        if (told.get("client_id"), told.get("client_secret")) != (self.client_id, self.client_secret):
            return Answer(
                401, {"error": "invalid_client", "error_description": "client authentication failed"}
            )
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "expires_in": 86400, "token_type": "Bearer"})

    def _subscribe(self, seen: Seen) -> Answer:
        url = str(seen.params().get("url") or "")
        if not url.startswith("http"):
            return error(400, "url is not valid")
        if url not in self.subscriptions:
            self.subscriptions.append(url)
        return Answer(200, {"ok": True})

    def _subscriptions(self, seen: Seen) -> Answer:
        return Answer(200, {"subscriptions": [{"url": url, "version": "3"} for url in self.subscriptions]})

    def _unsubscribe(self, seen: Seen) -> Answer:
        url = str(seen.params().get("url") or "")
        if url not in self.subscriptions:
            return error(404, "subscription not found")
        self.subscriptions.remove(url)
        return Answer(200, {"ok": True})

    def _upload(self, seen: Seen) -> Answer:
        head, _, rest = seen.body.partition(b"\r\n\r\n")
        picture = rest.rpartition(b"\r\n--")[0]
        if b'name="uploadfile[]"' not in head or not picture.startswith(_PICTURES):
            return error(400, "file is not an image")
        if len(picture) > 24 * 1024 * 1024:
            return error(413, "file is too big")
        ident = uuid.uuid4().hex
        self.images[ident] = picture
        return Answer(200, {ident: self._sizes(ident)})

    def _sizes(self, ident: str) -> dict[str, str]:
        return {
            size: f"{self.url}/files/image/{size}/{ident}.jpg" for size in ("140x105", "1280x960", "32x32")
        }

    def _chats(self, seen: Seen) -> Answer:
        chosen = [
            chat
            for chat in sorted(self.chats.values(), key=lambda c: -int(c["updated"]))
            if seen.query.get("unread_only") != "true" or chat["id"] in self.unread
        ]
        start, limit = int(seen.query.get("offset") or 0), int(seen.query.get("limit") or 100)
        return Answer(200, {"chats": chosen[start : start + limit]})

    def _in_chat(self, seen: Seen, chat: str, tail: str) -> Answer:
        if tail == "" and seen.method == "GET":
            return Answer(200, self.chats[chat])
        if tail == "/messages/" and seen.method == "GET" and "/v3/" in seen.path:
            start, limit = int(seen.query.get("offset") or 0), int(seen.query.get("limit") or 100)
            return Answer(200, self.history[chat][::-1][start : start + min(limit, 100)])
        if tail == "/read" and seen.method == "POST":
            self.unread.discard(chat)
            return Answer(200, {"ok": True})
        if tail in ("/messages", "/messages/image") and seen.method == "POST":
            return self._send(seen, chat, image=tail.endswith("image"))
        return error(404, "not found")

    def _send(self, seen: Seen, chat: str, *, image: bool) -> Answer:
        told = seen.params()
        if chat in self.blocked:
            return error(403, "user is in blacklist")
        if image:
            ident = str(told.get("image_id") or "")
            if ident not in self.images:
                return error(400, "image not found")
            row = self.add(chat, self.user_id, "image", {"image": {"sizes": self._sizes(ident)}})
        else:
            message = told.get("message")
            text = message.get("text") if isinstance(message, dict) else None
            if told.get("type") != "text" or not isinstance(text, str) or not text.strip():
                return error(400, "message text is empty")
            if len(text) > 1000:
                return error(400, "message text is too long")
            row = self.add(chat, self.user_id, "text", {"text": text})
        seen.sent = row
        threading.Thread(target=self.tell, args=(chat, row), daemon=True).start()
        return Answer(200, {key: row[key] for key in ("id", "created", "direction", "type", "content")})

    def _file(self, seen: Seen) -> Answer:
        ident = seen.path.rpartition("/")[2]
        found = self.voices.get(ident) or self.images.get(ident.removesuffix(".jpg"))
        return Answer(200, found) if found else Answer(404, b"")

    # The hook -------------------------------------------------------------------------------------------------

    def tell(self, chat: str, row: dict[str, Any]) -> list[int]:
        """Reports a message to every subscribed address; gives the statuses."""
        return [Person.post(url, self.event(chat, row)) for url in list(self.subscriptions)]

    def event(self, chat: str, row: dict[str, Any]) -> dict[str, Any]:
        """A message as webhook v3 tells it; the envelope is new each time."""
        context = self.chats[chat].get("context") or {}
        keys = ("id", "author_id", "created", "type", "content")
        value = {
            **{key: row[key] for key in keys},
            "chat_id": chat,
            "user_id": self.user_id,
            "chat_type": "u2i" if context else "u2u",
            "item_id": context.get("value", {}).get("id"),
            "published_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row["created"])),
            "read": None,
        }
        if "quote" in row:
            value["quote"] = row["quote"]
        return {
            "id": str(uuid.uuid4()),
            "version": "v3.0.0",
            "timestamp": row["created"],
            "payload": {"type": "message", "value": value},
        }

    # From another process -------------------------------------------------------------------------------------

    def _control(self, seen: Seen) -> Answer:
        seen.executed = False
        self.ledger.remove(seen)
        what, told = seen.path.removeprefix("/_fake/"), seen.params()
        if what == "ledger":
            rows = [
                {"at": s.at, "path": s.path, "name": s.name, "params": s.params(), "status": s.status}
                for s in self.ledger[int(told.get("since") or 0) :]
            ]
            return Answer(200, {"total": len(self.ledger), "rows": rows})
        if what == "script" and told.get("fault"):
            self.when(str(told.get("path") or "messages"), fault=told["fault"], times=told.get("times"))
        elif what == "script":
            status = int(told.get("status") or 502)
            self.when(str(told.get("path") or "messages"), error(status, "scripted"), times=told.get("times"))
        elif what == "latency":
            self.latency = float(told.get("seconds") or 0)
        elif what == "say":
            writer = self.person(int(told["person"]), str(told.get("name") or "Anna"), item=told.get("item"))
            text = str(told.get("text") or "Hello")
            threading.Thread(target=writer.say, args=(text,), daemon=True).start()
        elif what == "calm":
            self.rules.clear()
        else:
            return error(404, "not found")
        return Answer(200, {"ok": True})


def error(code: int, message: str) -> Answer:
    """A refusal in the wire's form."""
    return Answer(code, {"error": {"code": code, "message": message}})


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="A fake of Avito's API")
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeAvito(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
