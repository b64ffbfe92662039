"""The Bot API as our server sees it, and people who write to bots.

    with FakeTelegram(latency=0.02) as telegram:
        anna = telegram.person(900100, "Anna", hook=url, secret="…")
        anna.start("vk_autumn"); anna.say("Hello")
        telegram.sent_to(anna.id)

`python -m fakes.telegram --port 8081` runs it alone. From another process: `GET /_fake/ledger`, `POST /_fake/script
{"method", "status"|"fault", "times", "retry_after"}`, `POST /_fake/latency {"seconds"}`, `POST /_fake/say {"hook",
"secret", "chat", "text"}`.
Answers and error texts are those of Telegram's own Bot API server as far as we rely on them.
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

from fakes.server import Answer, FakeServer, Fault, Seen
from fakes.telegram_groups import Group
from fakes.telegram_person import Person

_PATH = re.compile(r"/bot([^/]+)/(\w+)\Z")
_FILE = re.compile(r"/file/bot([^/]+)/(.+)\Z")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{3,}\Z")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")


# Methods that take a file → the field that carries it.
UPLOADS = {
    "sendPhoto": "photo",
    "sendVoice": "voice",
    "sendAudio": "audio",
    "sendVideo": "video",
    "sendDocument": "document",
}
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


class FakeTelegram(FakeServer):
    """Any well-formed token is a bot; `revoked` tokens are not. `blocked` chats refuse, `strict` asks for a start.

    `files` maps a file_id to the bytes that `getFile` and the address it names give.
    """

    def __init__(self, *, latency: float = 0.0, port: int = 0, strict: bool = False) -> None:
        super().__init__(latency=latency, port=port)
        self.strict = strict
        self.revoked: set[str] = set()
        self.blocked: set[str] = set()
        self.deactivated: set[str] = set()
        self.started: set[str] = set()
        self.migrated: dict[str, int] = {}
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.groups: dict[str, Group] = {}
        self._numbers: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1001))
        self._updates = itertools.count(int(time.time()) * 10)

    # For tests ------------------------------------------------------------------------------------------------

    def flood(self, retry_after: int = 1, *, times: int | None = 1, method: str = "sendMessage") -> None:
        """The next calls are answered 429."""
        self.when(
            method,
            error(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after),
            times=times,
        )

    def fail(self, status: int = 502, *, times: int | None = 1, method: str = "sendMessage") -> None:
        """The next calls are answered by a gateway's page, not executed."""
        self.when(method, Answer(status, "<html>gateway</html>"), times=times)

    def break_off(self, fault: Fault = "drop", *, times: int | None = 1, method: str = "sendMessage") -> None:
        """The next calls are executed, but their answers get lost."""
        self.when(method, fault=fault, times=times)

    def sent_to(self, chat: int | str) -> list[dict[str, Any]]:
        """Parameters of the messages executed for a chat, in order; `message_id` and `at` beside them."""
        with self.lock:
            return [
                {**sent, "at": seen.at}
                for seen in self.ledger
                if seen.executed
                and (sent := getattr(seen, "sent", None))
                and str(sent["chat_id"]) == str(chat)
            ]

    def person(
        self, chat: int, name: str = "Anna", *, hook: str = "", secret: str = "", token: str = ""
    ) -> Person:
        """Somebody who writes to the bot behind `hook`, or to the one with `token` that registered a webhook."""
        return Person(self, chat, name, hook=hook, secret=secret, token=token)

    def group(
        self, chat: int, title: str = "Shift", *, hook: str = "", secret: str = "", token: str = ""
    ) -> Group:
        """A group with topics that the bot is in, see `fakes/telegram_groups.py`; its colleagues write to `hook`."""
        made = Group(self, chat, title, hook=hook, secret=secret, token=token)
        self.groups[str(chat)] = made
        return made

    def next_update(self) -> int:
        """A fresh update_id."""
        return next(self._updates)

    # The Bot API ----------------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        match = _PATH.match(seen.path)
        return match[2] if match else "file" if _FILE.match(seen.path) else seen.path

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        file = _FILE.match(seen.path)
        if file:
            return self._download(file[1], file[2])
        match = _PATH.match(seen.path)
        if not match or not _TOKEN.match(match[1]):
            return error(404, "Not Found")
        token, method = match[1], match[2]
        if token in self.revoked:
            return error(401, "Unauthorized")
        group = self.groups.get(str(seen.params().get("chat_id") or ""))
        if group is not None:
            return self._in_group(group, token, method, seen)
        return self._called(token, method, seen)

    def _in_group(self, group: Group, token: str, method: str, seen: Seen) -> Answer:
        answer = group.answer(token, method, seen.params())
        if answer is not None:
            seen.executed = answer.status == 200
            return answer
        answer = self._called(token, method, seen)
        if seen.sent is not None:
            group.keep(seen.sent["message_id"], seen.sent)
        return answer

    def _called(self, token: str, method: str, seen: Seen) -> Answer:
        if method in UPLOADS:
            return self._do_upload(token, method, seen)
        params = seen.params()
        handler = getattr(self, f"_do_{method.lower()}", None)
        if handler is None:
            return ok(True)
        answer = handler(token, params)
        if method == "sendMessage" and answer.status == 200:
            seen.sent = {**params, "message_id": answer.body["result"]["message_id"]}
        elif answer.status != 200:
            seen.executed = False
        return answer

    def _do_getme(self, token: str, params: dict[str, Any]) -> Answer:
        number = int(token.partition(":")[0])
        return ok({"id": number, "is_bot": True, "first_name": "Salon", "username": f"salon{number}_bot"})

    def _do_setwebhook(self, token: str, params: dict[str, Any]) -> Answer:
        url, secret = str(params.get("url") or ""), params.get("secret_token")
        if secret is not None and not _SECRET.match(str(secret)):
            return error(400, "Bad Request: secret token contains unallowed characters")
        if not url:
            self.webhooks.pop(token, None)
            return Answer(200, {"ok": True, "result": True, "description": "Webhook was deleted"})
        before = self.webhooks.get(token, {})
        allowed = _decoded(params.get("allowed_updates"))
        hook = {
            "url": url,
            "secret_token": secret or "",
            # Left out: the former choice stays.
            "allowed_updates": before.get("allowed_updates", []) if allowed is None else allowed,
            "pending": before.get("pending", 0),
        }
        text = "Webhook is already set" if before == hook else "Webhook was set"
        self.webhooks[token] = hook
        return Answer(200, {"ok": True, "result": True, "description": text})

    def _do_deletewebhook(self, token: str, params: dict[str, Any]) -> Answer:
        self.webhooks.pop(token, None)
        return ok(True)

    def _do_getwebhookinfo(self, token: str, params: dict[str, Any]) -> Answer:
        hook = self.webhooks.get(token, {})
        info = {
            "url": hook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": hook.get("pending", 0),
        }
        if hook.get("last_error"):
            info |= {"last_error_date": int(time.time()), "last_error_message": hook["last_error"]}
        return ok(info)

    def _do_getupdates(self, token: str, params: dict[str, Any]) -> Answer:
        if token in self.webhooks:
            return error(409, "Conflict: can't use getUpdates method while webhook is active")
        return ok([])

    def _do_sendmessage(self, token: str, params: dict[str, Any]) -> Answer:
        chat, text = str(params.get("chat_id") or ""), str(params.get("text") or "")
        refusal = self._refusal(chat, text, _decoded(params.get("reply_markup")))
        if refusal:
            return refusal
        number = int(chat)
        message = {
            "message_id": next(self._numbers[f"{token} {chat}"]),
            "date": int(time.time()),
            "chat": {"id": number, "type": "private" if number > 0 else "group"},
            "from": {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Salon"},
            "text": text,
        }
        return ok(message)

    def _do_upload(self, token: str, method: str, seen: Seen) -> Answer:
        """sendPhoto and its like: the parameters with the file's name, type and bytes are in `sent_to`."""
        params, field = seen.params(), UPLOADS[method]
        chat, upload = str(params.get("chat_id") or ""), seen.uploads().get(field)
        answer = self._refusal(chat, "file", _decoded(params.get("reply_markup")))
        if answer is None and (upload is None or not upload[2]):
            answer = error(400, "Bad Request: wrong file identifier/HTTP URL specified")
        elif answer is None and len(str(params.get("caption") or "")) > 1024:
            answer = error(400, "Bad Request: message caption is too long")
        elif answer is None and field == "photo" and upload and not upload[2].startswith(_PICTURES):
            answer = error(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if answer is not None:
            seen.executed = False
            return answer
        assert upload is not None
        number = next(self._numbers[f"{token} {chat}"])
        name, mime, content = upload
        seen.sent = {
            **params,
            "method": method,
            "name": name,
            "mime": mime,
            "content": content,
            "message_id": number,
        }
        message = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": int(chat), "type": "private"},
            "caption": params.get("caption", ""),
        }
        return ok(message)

    def _do_getfile(self, token: str, params: dict[str, Any]) -> Answer:
        ident = str(params.get("file_id") or "")
        content = self.files.get(ident)
        if content is None:
            return error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > 20 * 1024 * 1024:
            return error(400, "Bad Request: file is too big")
        facts = {"file_id": ident, "file_unique_id": ident[-12:], "file_size": len(content)}
        return ok({**facts, "file_path": f"files/{ident}"})

    def _download(self, token: str, path: str) -> Answer:
        content = self.files.get(path.removeprefix("files/"))
        if token in self.revoked or content is None:
            return error(404, "Not Found")
        return Answer(200, content)

    def _refusal(self, chat: str, text: str, markup: Any) -> Answer | None:
        if chat in self.migrated:
            return error(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.migrated[chat],
            )
        if chat in self.blocked:
            return error(403, "Forbidden: bot was blocked by the user")
        if chat in self.deactivated:
            return error(403, "Forbidden: user is deactivated")
        if not re.fullmatch(r"-?\d{1,15}", chat):
            return error(400, "Bad Request: chat not found")
        if self.strict and chat not in self.started:
            return error(403, "Forbidden: bot can't initiate conversation with a user")
        if not text.strip():
            return error(400, "Bad Request: message text is empty")
        if len(text) > 4096:
            return error(400, "Bad Request: message is too long")
        for row in (markup or {}).get("inline_keyboard") or []:
            for button in row:
                if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
                    return error(400, "Bad Request: BUTTON_DATA_INVALID")
        return None

    def _do_answercallbackquery(self, token: str, params: dict[str, Any]) -> Answer:
        if not params.get("callback_query_id"):
            return error(
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
            )
        return ok(True)

    # From another process -------------------------------------------------------------------------------------

    def _control(self, seen: Seen) -> Answer:
        seen.executed = False
        self.ledger.remove(seen)
        what, told = seen.path.removeprefix("/_fake/"), seen.params()
        if what == "ledger":
            since = int(told.get("since") or 0)
            rows = [
                {
                    "at": s.at,
                    "path": s.path,
                    "name": s.name,
                    "params": s.params(),
                    "status": s.status,
                    "fault": s.fault,
                }
                for s in self.ledger[since:]
            ]
            return Answer(200, {"total": len(self.ledger), "rows": rows})
        if what == "latency":
            self.latency = float(told.get("seconds") or 0)
        elif what == "script":
            self._script(told)
        elif what == "say":
            person = self.person(int(told["chat"]), str(told.get("name") or "Anna"), hook=str(told["hook"]))
            person.secret = str(told.get("secret") or "")
            threading.Thread(target=person.say, args=(str(told.get("text") or "Hello"),), daemon=True).start()
        elif what == "calm":
            self.rules.clear()
        else:
            return error(404, "Not Found")
        return ok(True)

    def _script(self, told: dict[str, Any]) -> None:
        method, times = str(told.get("method") or "sendMessage"), told.get("times")
        if told.get("fault"):
            self.when(method, fault=told["fault"], times=times)
        elif int(told.get("status") or 0) == 429:
            self.flood(int(told.get("retry_after") or 1), times=times, method=method)
        else:
            self.fail(int(told.get("status") or 502), times=times, method=method)


def ok(result: Any) -> Answer:
    """A successful answer."""
    return Answer(200, {"ok": True, "result": result})


def error(code: int, description: str, **parameters: Any) -> Answer:
    """A refusal in the wire's form."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Answer(code, body)


def buttons(sent: dict[str, Any]) -> list[tuple[str, str | None]]:
    """(label, callback data or None) of a sent message's buttons."""
    markup = _decoded(sent.get("reply_markup")) or {}
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [(button["text"], button.get("callback_data")) for row in rows for button in row]


def _decoded(value: Any) -> Any:
    """JSON given as a string (form-encoded calls) or as it is."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return None
    return value


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="A fake Bot API")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeTelegram(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
