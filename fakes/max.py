"""MAX as our server sees it: the Bot API, and people who write to bots.

    with FakeMax() as server:
        anna = server.person(54321, "Anna", hook=url, secret="…")
        anna.start("vk_autumn"); anna.say("Hello"); anna.press(server.sent_to(54321)[0], "Yes")

`python -m fakes.max --port 8084` runs it alone; `POST /_fake/say {"hook", "secret", "user", "text"}` makes somebody
write, `GET /_fake/ledger` tells what came. Answers are those of `schema.yaml` 0.0.30 and of recorded ones.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sys
import threading
import time
from collections import defaultdict
from typing import Any

from fakes.max_checks import refusal_of
from fakes.max_person import Person
from fakes.max_talk import Colleague, Talks
from fakes.server import Answer, FakeServer, Fault, Seen

BOT = 229229229
_SECRET = re.compile(r"[a-zA-Z0-9_-]{5,256}\Z")
_UPLOADS = ("image", "video", "audio", "file")


class FakeMax(FakeServer):
    """One bot. Any token is good but those in `revoked`.

    `started` are people who began a dialog (`strict` refuses all others), `stopped` those who ended it. A file is
    `not_ready` for so many tries after its upload. `https_only` refuses other addresses, as MAX does.
    """

    def __init__(
        self, *, latency: float = 0.0, port: int = 0, strict: bool = False, https_only: bool = False
    ) -> None:
        super().__init__(latency=latency, port=port)
        self.bot = BOT
        self.username = "salon_omsk_bot"
        self.strict, self.https_only = strict, https_only
        self.not_ready = 0
        self.revoked: set[str] = set()
        self.started: set[int] = set()
        self.stopped: set[int] = set()
        self.gone: set[int] = set()
        self.talks = Talks()
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.films: dict[str, dict[str, str]] = {}
        self.uploaded: dict[str, bytes] = {}
        self.history: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._numbers = itertools.count(1)

    # For tests ------------------------------------------------------------------------------------------------

    def refuse(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        times: int | None = 1,
        method: str = "POST /messages",
    ) -> None:
        """The next calls are refused."""
        self.when(method, error(status, code, message), times=times)

    def fail(self, status: int = 502, *, times: int | None = 1, method: str = "POST /messages") -> None:
        """The next calls are answered by a gateway's page, not executed."""
        self.when(method, Answer(status, "<html>gateway</html>"), times=times)

    def break_off(
        self, fault: Fault = "drop", *, times: int | None = 1, method: str = "POST /messages"
    ) -> None:
        """The next calls are executed, but their answers get lost."""
        self.when(method, fault=fault, times=times)

    def sent_to(self, user: int | str) -> list[dict[str, Any]]:
        """Bodies of the messages a person got, in order; `mid` beside them."""
        with self.lock:
            return [
                sent
                for seen in self.ledger
                if seen.executed
                and (sent := getattr(seen, "sent", None))
                and str(sent["user_id"]) == str(user)
            ]

    def person(self, user: int, name: str = "Anna", *, hook: str = "", secret: str = "") -> Person:
        """Somebody who writes to the bot, to `hook` or to every subscribed address."""
        return Person(self, user, name, hook=hook, secret=secret)

    def colleague(self, chat: int, user: int, name: str) -> Colleague:
        """Somebody who writes in a chat of several people that the bot is in."""
        return Colleague(self, chat, user, name)

    def in_talk(self, chat: int) -> list[dict[str, Any]]:
        """The bot's messages in a chat, as they now stand."""
        with self.lock:
            return [sent for sent in self.talks.messages.values() if sent["chat_id"] == chat]

    def told_pressers(self) -> list[str]:
        """The words that pressers of buttons have read."""
        return list(self.talks.answers)

    def dialog(self, user: int) -> int:
        """The number of the bot's dialog with a person."""
        return user ^ self.bot

    def next_mid(self, user: int) -> str:
        """A fresh message id; the dialog's number stands in it."""
        at = int(time.time() * 1000)
        return f"mid.{self.dialog(user):016x}{at:012x}{next(self._numbers):04x}"

    def serve(self, name: str, content: bytes) -> str:
        """The address under which a file can be had."""
        self.files[name] = content
        return f"{self.url}/files/{name}"

    # The Bot API ----------------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        path = re.sub(r"^/(chats|videos)/[^/]+", r"/\1/…", seen.path)
        return f"{seen.method} {path}"

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        if seen.path.startswith("/files/"):
            content = self.files.get(seen.path.removeprefix("/files/"))
            return Answer(404, b"") if content is None else Answer(200, content)
        if seen.path.startswith("/upload/"):
            return self._upload(seen)
        answer = self._method(seen)
        if answer.status != 200 or answer.body.get("success") is False:
            seen.executed = False
        return answer

    def _method(self, seen: Seen) -> Answer:
        token = seen.headers.get("authorization", "")
        if not token or token in self.revoked or token.startswith("Bearer "):
            return error(401, "verify.token", "Invalid access_token")
        match seen.name:
            case "GET /me":
                return Answer(200, {**self.bot_user(), "description": "", "commands": []})
            case "GET /subscriptions":
                rows = [{"time": 1, "version": "1", **one} for one in self.subscriptions.values()]
                return Answer(200, {"subscriptions": rows})
            case "POST /subscriptions":
                return self._subscribe(seen.params())
            case "DELETE /subscriptions":
                gone = self.subscriptions.pop(seen.query.get("url", ""), None)
                return Answer(200, {"success": gone is not None, "message": "" if gone else "Not subscribed"})
            case "POST /messages":
                return self._say(seen) if "chat_id" in seen.query else self._send(seen)
            case "PUT /messages":
                return self.talks.edit(seen)
            case "GET /chats/…" | "GET /chats/…/members/me":
                chat = int(seen.path.split("/")[2])
                return self._no_chat() if chat in self.gone else self.talks.about(seen)
            case "GET /messages":
                return Answer(200, {"messages": self.history[int(seen.query.get("chat_id") or 0)]})
            case "POST /answers":
                known = bool(seen.query.get("callback_id"))
                if seen.params().get("notification"):
                    self.talks.answers.append(str(seen.params()["notification"]))
                return Answer(200, {"success": True}) if known else error(400, "proto.payload", "callback_id")
            case "POST /chats/…/actions":
                return Answer(200, {"success": True})
            case "POST /uploads":
                return self._place(seen.query.get("type", ""))
            case "GET /videos/…":
                urls = self.films.get(seen.path.removeprefix("/videos/"))
                return (
                    Answer(200, {"urls": urls}) if urls is not None else error(404, "not.found", "no video")
                )
        return error(404, "method.not.found", f"Path {seen.path} is not recognized")

    def bot_user(self) -> dict[str, Any]:
        """The bot's own User object."""
        return {
            "user_id": self.bot,
            "first_name": "Salon",
            "username": self.username,
            "is_bot": True,
            "last_activity_time": 1,
            "name": "Salon",
        }

    def _subscribe(self, told: dict[str, Any]) -> Answer:
        url, secret = str(told.get("url") or ""), told.get("secret")
        if not url.startswith("https://" if self.https_only else "http"):
            return Answer(200, {"success": False, "message": "Invalid url"})
        if secret is not None and not _SECRET.match(str(secret)):
            return error(400, "proto.payload", "secret")
        self.subscriptions[url] = {"url": url, "update_types": told.get("update_types")}
        self.secrets[url] = str(secret or "")
        return Answer(200, {"success": True})

    def _send(self, seen: Seen) -> Answer:
        body = {key: value for key, value in seen.params().items() if key not in seen.query}
        told = seen.query.get("user_id", "")
        if not told.isdigit():
            return error(400, "proto.payload", "Unknown recipient")
        refused = refusal_of(body)
        if refused:
            return error(*refused)
        user = int(told)
        if user in self.stopped:
            return error(403, "chat.denied", "Key: error.dialog.suspended, args: [].")
        if self.strict and user not in self.started:
            return error(404, "dialog.not.found", "Key: error.dialog.not.found")
        if any(one["type"] != "inline_keyboard" for one in body.get("attachments") or []) and self.not_ready:
            self.not_ready -= 1
            return error(400, "attachment.not.ready", "Key: errors.process.attachment.file.not.processed")
        mid = self.next_mid(user)
        seen.sent = {**body, "user_id": user, "mid": mid, "at": seen.at}
        message = {
            "sender": self.bot_user(),
            "recipient": {"chat_id": self.dialog(user), "chat_type": "dialog", "user_id": user},
            "timestamp": int(time.time() * 1000),
            "body": {"mid": mid, "seq": 1, "text": body.get("text"), "attachments": body.get("attachments")},
        }
        self.history[self.dialog(user)].insert(0, message)
        return Answer(200, {"message": message})

    def _say(self, seen: Seen) -> Answer:
        """A message into a chat of several people."""
        body, chat = (
            {key: value for key, value in seen.params().items() if key not in seen.query},
            int(seen.query["chat_id"]),
        )
        refused = refusal_of(body)
        if refused:
            return error(*refused)
        if chat in self.gone:
            return self._no_chat()
        mid = self.next_mid(chat)
        self.talks.keep({**body, "chat_id": chat, "mid": mid})
        recipient = {"chat_id": chat, "chat_type": "chat"}
        return Answer(200, {"message": {"recipient": recipient, "body": {"mid": mid, "text": body["text"]}}})

    def _no_chat(self) -> Answer:
        return error(403, "chat.denied", "Bot is not in the chat")

    def _place(self, kind: str) -> Answer:
        if kind not in _UPLOADS:
            return error(400, "proto.payload", "type")
        place = {"url": f"{self.url}/upload/{kind}"}
        if kind in ("video", "audio"):
            place["token"] = f"token_{next(self._numbers)}"
        return Answer(200, place)

    def _upload(self, seen: Seen) -> Answer:
        kind = seen.path.removeprefix("/upload/")
        if b'name="data"; filename=' not in seen.body:
            return Answer(400, {"error_msg": "no data"})
        token = f"token_{next(self._numbers)}"
        self.uploaded[token] = seen.body
        if kind == "image":
            return Answer(200, {"photos": {"p1": {"token": token}}})
        if kind == "file":
            return Answer(200, {"fileId": 1, "token": token})
        return Answer(200, '<?xml version="1.0"?><retval>1</retval>')

    # From another process -------------------------------------------------------------------------------------

    def _control(self, seen: Seen) -> Answer:
        seen.executed = False
        self.ledger.remove(seen)
        what, told = seen.path.removeprefix("/_fake/"), seen.params()
        if what == "ledger":
            rows = [{"name": s.name, "params": s.params(), "status": s.status} for s in self.ledger]
            return Answer(200, {"total": len(rows), "rows": rows})
        if what == "say":
            person = self.person(int(told["user"]), str(told.get("name") or "Anna"), hook=str(told["hook"]))
            person.secret = str(told.get("secret") or "")
            threading.Thread(target=person.say, args=(str(told.get("text") or "Hello"),), daemon=True).start()
            return Answer(200, {"success": True})
        return error(404, "method.not.found")


def error(status: int, code: str, message: str = "") -> Answer:
    """A refusal in the wire's form."""
    return Answer(status, {"code": code, "message": message})


def buttons(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a sent message."""
    found = [one for one in sent.get("attachments") or [] if one["type"] == "inline_keyboard"]
    return [button for one in found for row in one["payload"]["buttons"] for button in row]


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="A fake MAX")
    parser.add_argument("--port", type=int, default=8084)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeMax(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
