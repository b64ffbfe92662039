"""VK as our server sees it: the API of communities, and people who write to them.

    with FakeVk() as vk:
        anna = vk.person(555001, "Anna", hook=url, secret="…")
        anna.say("Hello", ref="autumn_sale"); anna.press(vk.sent_to(555001)[0], "yes")

`python -m fakes.vk --port 8083` runs it alone; `POST /_fake/say {"hook", "secret", "peer", "text"}` makes somebody
write, `GET /_fake/ledger` tells what came. Methods, answers and error codes are those of VKCOM/vk-api-schema 5.199 as
far as we rely on them.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from fakes.server import Answer, FakeServer, Fault, Seen
from fakes.vk_checks import refusal_of
from fakes.vk_person import Person
from fakes.vk_talk import Colleague, Talks

GROUP = 214000001


class FakeVk(FakeServer):
    """One community. Any key is good but those in `revoked`; `rights` are what keys may do.

    `forbidden` are people who allow no messages, `deleted` those who are gone. A callback server is tried when it is
    added or changed, if its address can be reached from here; `rotate_code` gives each of them another code.
    """

    def __init__(self, *, latency: float = 0.0, port: int = 0, group: int = GROUP) -> None:
        super().__init__(latency=latency, port=port)
        self.group = group
        self.name = "Salon"
        self.screen_name = "salon_omsk"
        self.code = "a1b2c3d4"
        self.rotate_code = False
        self.rights = ["messages", "manage", "photos", "docs"]
        self.revoked: set[str] = set()
        self.forbidden: set[str] = set()
        self.deleted: set[str] = set()
        self.gone: set[int] = set()
        self.talks = Talks()
        self.secret = ""
        self.people: dict[str, str] = {}
        self.features: dict[str, Any] = {}
        self.servers: dict[int, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.history: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen_ids: dict[tuple[str, str], dict[str, Any]] = {}
        self._numbers = itertools.count(500)
        self._in_chat: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(40))
        self._events = itertools.count(1)

    # For tests ------------------------------------------------------------------------------------------------

    def refuse(self, code: int, message: str = "", *, times: int | None = 1, method: str = "") -> None:
        """The next calls are refused with VK's error code."""
        self.when(method or "messages.send", error(code, message), times=times)

    def fail(self, status: int = 502, *, times: int | None = 1, method: str = "messages.send") -> None:
        """The next calls are answered by a gateway's page, not executed."""
        self.when(method, Answer(status, "<html>gateway</html>"), times=times)

    def break_off(
        self, fault: Fault = "drop", *, times: int | None = 1, method: str = "messages.send"
    ) -> None:
        """The next calls are executed, but their answers get lost."""
        self.when(method, fault=fault, times=times)

    def sent_to(self, peer: int | str) -> list[dict[str, Any]]:
        """Parameters of the messages a person got, in order; `conversation_message_id` beside them."""
        with self.lock:
            return [
                {**sent, "at": seen.at}
                for seen in self.ledger
                if seen.executed
                and (sent := getattr(seen, "sent", None))
                and str(sent["peer_ids"]) == str(peer)
            ]

    def person(self, peer: int, name: str = "Anna", *, hook: str = "", secret: str = "") -> Person:
        """Somebody who writes to the community, to `hook` or to every registered server."""
        self.people[str(peer)] = name
        return Person(self, peer, name, hook=hook, secret=secret or self.secret)

    def colleague(self, talk: int, ident: int, name: str) -> Colleague:
        """Somebody who writes in a talk of several people that the community is in."""
        return Colleague(self, talk, ident, name)

    def in_talk(self, talk: int) -> list[dict[str, Any]]:
        """The community's messages in a talk, as they now stand."""
        with self.lock:
            return list(self.talks.messages.get(str(talk), {}).values())

    def told_pressers(self) -> list[str]:
        """The words that pressers of buttons have read."""
        return list(self.talks.answers)

    def next_event(self) -> str:
        """A fresh id of a callback."""
        return f"{next(self._events):040x}"

    def next_in_chat(self, peer: int | str) -> int:
        """The number of the chat's next message."""
        return next(self._in_chat[str(peer)])

    def next_number(self) -> int:
        """The community's next message number."""
        return next(self._numbers)

    def serve(self, name: str, content: bytes) -> str:
        """The address under which a file can be had."""
        self.files[name] = content
        return f"{self.url}/files/{name}"

    # The API --------------------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        return seen.path.removeprefix("/method/")

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        if seen.path.startswith("/files/"):
            content = self.files.get(seen.path.removeprefix("/files/"))
            return Answer(404, b"") if content is None else Answer(200, content)
        if seen.path.startswith("/docs/"):
            return Answer(302, b"", {"Location": f"{self.url}/files/{seen.path.removeprefix('/docs/')}"})
        if seen.path.startswith("/upload/"):
            return self._upload(seen)
        answer = self._method(seen)
        if isinstance(answer.body, dict) and "error" in answer.body:
            seen.executed = False
        return answer

    def _method(self, seen: Seen) -> Answer:
        params = seen.params()
        key = seen.headers.get("authorization", "").removeprefix("Bearer ") or params.get("access_token")
        if not key or key in self.revoked:
            return error(5, "User authorization failed: invalid access_token")
        if not params.get("v"):
            return error(8, "Invalid request: v (version) is required")
        method: Callable[..., Answer] | None = getattr(self, "_do_" + seen.name.replace(".", "_"), None)
        if method is None:
            return error(3, "Unknown method passed")
        if "group_id" in params and str(params["group_id"]) != str(self.group):
            return error(15, "Access denied: no access to this group")
        needed = "manage" if seen.name.startswith("groups.") else "messages"
        free = ("groups.getById", "groups.getTokenPermissions", "users.get")
        if seen.name not in free and needed not in self.rights:
            return error(15, "Access denied: no access to call this method")
        return method(seen, params)

    def _do_groups_getById(self, seen: Seen, params: dict[str, Any]) -> Answer:
        group = {"id": self.group, "name": self.name, "screen_name": self.screen_name, "type": "page"}
        return ok({"groups": [group], "profiles": []})

    def _do_groups_getTokenPermissions(self, seen: Seen, params: dict[str, Any]) -> Answer:
        rights = [{"name": name, "setting": 2**place} for place, name in enumerate(self.rights, 2)]
        return ok({"mask": sum(right["setting"] for right in rights), "permissions": rights})

    def _do_groups_setSettings(self, seen: Seen, params: dict[str, Any]) -> Answer:
        self.features.update({k: v for k, v in params.items() if k not in ("group_id", "v")})
        return ok(1)

    def _do_groups_getCallbackConfirmationCode(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok({"code": self.code})

    def _do_groups_getCallbackServers(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok({"count": len(self.servers), "items": list(self.servers.values())})

    def _do_groups_addCallbackServer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        if len(self.servers) >= 10:
            return error(2000, "Servers number limit is reached")
        number = max(self.servers, default=0) + 1
        return ok({"server_id": number}) if self._write(number, params) else error(100, "url is invalid")

    def _do_groups_editCallbackServer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        number = int(params.get("server_id") or 0)
        if number not in self.servers:
            return error(100, "server_id is invalid")
        return ok(1) if self._write(number, params) else error(100, "url is invalid")

    def _do_groups_deleteCallbackServer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        gone = self.servers.pop(int(params.get("server_id") or 0), None)
        return ok(1) if gone else error(100, "server_id is invalid")

    def _do_groups_setCallbackSettings(self, seen: Seen, params: dict[str, Any]) -> Answer:
        server = self.servers.get(int(params.get("server_id") or 0))
        if server is None:
            return error(100, "server_id is invalid")
        server["events"] = sorted(key for key, on in params.items() if on == "1" and "_" in key)
        return ok(1)

    def _do_messages_send(self, seen: Seen, params: dict[str, Any]) -> Answer:
        refused = refusal_of(params)
        if refused:
            return error(*refused)
        peer, repeat = str(params["peer_ids"]), str(params["random_id"])
        if peer in self.forbidden or peer in self.deleted or int(peer) in self.gone:
            code = 901 if peer in self.forbidden else 18 if peer in self.deleted else 917
            row: dict[str, Any] = {"peer_id": int(peer), "message_id": 0, "conversation_message_id": 0}
            seen.executed = False
            return ok([{**row, "error": {"code": code, "description": "Can't send messages"}}])
        known = self._seen_ids.get((peer, repeat)) if repeat != "0" else None
        if known is None:
            known = {
                "peer_id": int(peer),
                "message_id": self.next_number(),
                "conversation_message_id": self.next_in_chat(peer),
            }
            self._seen_ids[peer, repeat] = known
            seen.sent = {**params, **known}
            self.talks.keep(seen.sent)
            self.history[peer].insert(0, self.outgoing(params, known))
        return ok([known])

    def outgoing(self, params: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        """The message object of one we sent, as the chat's history and `message_reply` show it."""
        return {
            "id": known["message_id"],
            "date": int(time.time()),
            "from_id": -self.group,
            "peer_id": known["peer_id"],
            "out": 1,
            "conversation_message_id": known["conversation_message_id"],
            "text": params.get("message", ""),
            "attachments": [],
            "random_id": int(params.get("random_id") or 0),
        }

    def _do_messages_edit(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return self.talks.edit(params)

    def _do_messages_getConversationsById(self, seen: Seen, params: dict[str, Any]) -> Answer:
        if int(params.get("peer_ids") or 0) in self.gone:
            return error(917, "You don't have access to this chat")
        return ok({"count": 1, "items": [{"chat_settings": {"title": "Shift"}}]})

    def _do_messages_getHistory(self, seen: Seen, params: dict[str, Any]) -> Answer:
        rows = self.history[str(params.get("peer_id"))][: int(params.get("count") or 20)]
        return ok({"count": len(rows), "items": rows})

    def _do_messages_isMessagesFromGroupAllowed(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok({"is_allowed": int(str(params.get("user_id")) not in self.forbidden)})

    def _do_messages_sendMessageEventAnswer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        missing = [key for key in ("event_id", "user_id", "peer_id") if not params.get(key)]
        self.talks.answered(params)
        return error(100, f"One of the parameters: {missing}") if missing else ok(1)

    def _do_messages_setActivity(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok(1) if params.get("type") == "typing" and params.get("peer_id") else error(100, "type")

    def _do_users_get(self, seen: Seen, params: dict[str, Any]) -> Answer:
        asked = str(params.get("user_ids") or "").split(",")
        rows = [
            {"id": int(one), "first_name": self.people[one], "last_name": "K", "screen_name": f"id{one}"}
            for one in asked
            if one in self.people
        ]
        return ok(rows)

    def _do_photos_getMessagesUploadServer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok({"album_id": -64, "upload_url": f"{self.url}/upload/photo", "user_id": 0})

    def _do_photos_saveMessagesPhoto(self, seen: Seen, params: dict[str, Any]) -> Answer:
        if not all(params.get(key) for key in ("photo", "server", "hash")):
            return error(129, "Invalid photo")
        return ok([{"id": self.next_number(), "owner_id": -self.group, "access_key": "k9"}])

    def _do_docs_getMessagesUploadServer(self, seen: Seen, params: dict[str, Any]) -> Answer:
        return ok({"upload_url": f"{self.url}/upload/{params.get('type') or 'doc'}"})

    def _do_docs_save(self, seen: Seen, params: dict[str, Any]) -> Answer:
        kind = str(params.get("file") or "").partition("|")[0]
        if not kind:
            return error(100, "file is undefined")
        return ok({"type": kind, kind: {"id": self.next_number(), "owner_id": -self.group}})

    def _upload(self, seen: Seen) -> Answer:
        kind = seen.path.removeprefix("/upload/")
        field = "photo" if kind == "photo" else "file"
        if f'name="{field}"; filename='.encode() not in seen.body:
            return Answer(200, {"error": "no_file", "error_descr": "no file was posted"})
        if kind == "photo":
            return Answer(200, {"server": 1, "photo": '[{"sizes":[]}]', "hash": "h"})
        return Answer(200, {"file": f"{kind}|{len(seen.body)}|upload"})

    # Callbacks ------------------------------------------------------------------------------------------------

    def _write(self, number: int, params: dict[str, Any]) -> bool:
        url = str(params.get("url") or "")
        if not url.startswith(("http://", "https://")) or len(str(params.get("title") or "")) > 14:
            return False
        server = {
            "id": number,
            "title": params.get("title"),
            "creator_id": 1,
            "url": url,
            "secret_key": params.get("secret_key") or "",
            "status": "wait",
        }
        self.servers[number] = server
        if url.startswith("http://127.0.0.1"):
            server["status"] = "ok" if self._confirmed(server) else "failed"
        if self.rotate_code:
            self.code = f"{number}{self.next_event()[-7:]}"
        return True

    def _confirmed(self, server: dict[str, Any]) -> bool:
        told = {"type": "confirmation", "group_id": self.group, "event_id": self.next_event(), "v": "5.199"}
        if server["secret_key"]:
            told["secret"] = server["secret_key"]
        request = urllib.request.Request(
            server["url"], data=json.dumps(told).encode(), headers={"Content-Type": "application/json"}
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:
            return bool(answer.status == 200 and answer.read() == self.code.encode())
        return False

    # From another process -------------------------------------------------------------------------------------

    def _control(self, seen: Seen) -> Answer:
        seen.executed = False
        self.ledger.remove(seen)
        what, told = seen.path.removeprefix("/_fake/"), seen.params()
        if what == "ledger":
            rows = [{"name": s.name, "params": s.params(), "status": s.status} for s in self.ledger]
            return Answer(200, {"total": len(rows), "rows": rows})
        if what == "say":
            person = self.person(int(told["peer"]), str(told.get("name") or "Anna"), hook=str(told["hook"]))
            person.secret = str(told.get("secret") or "")
            threading.Thread(target=person.say, args=(str(told.get("text") or "Hello"),), daemon=True).start()
            return ok(1)
        return error(3, "Unknown method passed")


def ok(result: Any) -> Answer:
    """A successful answer."""
    return Answer(200, {"response": result})


def error(code: int, message: str = "") -> Answer:
    """A refusal in the wire's form: status 200 all the same."""
    return Answer(200, {"error": {"error_code": code, "error_msg": message, "request_params": []}})


def buttons(sent: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, payload or link) of a sent message's buttons."""
    rows = json.loads(sent.get("keyboard") or "{}").get("buttons") or []
    actions = [button["action"] for row in rows for button in row]
    return [(action["label"], action.get("payload") or action.get("link", "")) for action in actions]


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="A fake VK")
    parser.add_argument("--port", type=int, default=8083)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeVk(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
