"""People who write to a VK community: each posts callbacks to its hook, as VK's server would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.vk import FakeVk

CLIENT = {
    "button_actions": ["text", "open_link", "callback"],
    "keyboard": True,
    "inline_keyboard": True,
    "carousel": True,
    "lang_id": 0,
}


class Person:
    """One person in VK. Every method posts a callback to the community's hook and returns the answer's status.

    What was answered stands in `answered`: VK wants to read `ok` there.
    """

    def __init__(self, vk: FakeVk, peer: int, name: str, *, hook: str, secret: str) -> None:
        self.vk, self.id, self.name, self.hook, self.secret = vk, peer, name, hook, secret
        self.answered = b""

    def say(self, text: str, **extra: Any) -> int:
        """Writes a text; `ref` and `ref_source` come with the first one behind a link."""
        return self.post("message_new", {"message": self.message(text=text, **extra), "client_info": CLIENT})

    def start(self) -> int:
        """Presses the button that opens the talk."""
        return self.say("Start", payload=json.dumps({"command": "start"}))

    def press(self, sent: dict[str, Any], label: str) -> int:
        """Presses a button under a message of ours (as `sent_to` gives it)."""
        rows = json.loads(sent["keyboard"])["buttons"]
        actions = [button["action"] for row in rows for button in row]
        pressed = next(action for action in actions if action["label"] == label)
        return self.post(
            "message_event",
            {
                "user_id": self.id,
                "peer_id": self.id,
                "event_id": self.vk.next_event()[-12:],
                "payload": json.loads(pressed["payload"]),
                "conversation_message_id": sent["conversation_message_id"],
            },
        )

    def send_photo(self, content: bytes = b"\xff\xd8photo", text: str = "") -> int:
        """Sends a picture that can be fetched from the fake."""
        sizes = [
            {"type": "s", "width": 75, "height": 56, "url": self.vk.serve("s.jpg", b"\xff\xd8small")},
            {"type": "w", "width": 1600, "height": 1200, "url": self.vk.serve("w.jpg", content)},
        ]
        photo = {"id": 457239020, "owner_id": self.id, "album_id": -3, "access_key": "a1b2", "sizes": sizes}
        photo |= {"date": int(time.time()), "has_tags": False, "text": ""}
        return self.say(text, attachments=[{"type": "photo", "photo": photo}])

    def send_voice(self, content: bytes = b"OggS", seconds: int = 7) -> int:
        """Sends a voice message."""
        links = {"link_ogg": self.vk.serve("a.ogg", content), "link_mp3": self.vk.serve("a.mp3", content)}
        voice = {"id": 1, "owner_id": self.id, "duration": seconds, "waveform": [0, 3], "access_key": "k1"}
        return self.say("", attachments=[{"type": "audio_message", "audio_message": voice | links}])

    def send_document(self, content: bytes, title: str = "scan.pdf") -> int:
        """Sends a file; its address leads on to another one, as VK's do."""
        self.vk.serve(title, content)
        extension = title.rpartition(".")[2]
        doc = {"id": 2, "owner_id": self.id, "title": title, "ext": extension, "size": len(content)}
        doc |= {"date": int(time.time()), "type": 1}
        return self.say(
            "", attachments=[{"type": "doc", "doc": {**doc, "url": f"{self.vk.url}/docs/{title}"}}]
        )

    def edit(self, number: int, text: str) -> int:
        """Changes a message."""
        edited = {
            **self.message(text=text),
            "conversation_message_id": number,
            "update_time": int(time.time()),
        }
        return self.post("message_edit", edited)

    def read(self, sent: dict[str, Any]) -> int:
        """Reads as far as a message of ours."""
        return self.post(
            "message_read",
            {
                "from_id": self.id,
                "peer_id": self.id,
                "read_message_id": sent["message_id"],
                "conversation_message_id": sent["conversation_message_id"],
            },
        )

    def allow(self, key: str = "") -> int:
        """Allows messages."""
        self.vk.forbidden.discard(str(self.id))
        return self.post("message_allow", {"user_id": self.id, "key": key})

    def deny(self) -> int:
        """Forbids messages."""
        self.vk.forbidden.add(str(self.id))
        return self.post("message_deny", {"user_id": self.id})

    def send_form(self, answers: dict[str, str], form: str = "Sign up") -> int:
        """Sends a lead form: VK's key of a question → the answer."""
        rows = [{"key": key, "question": key, "answer": said} for key, said in answers.items()]
        lead = {"lead_id": int(time.time_ns() % 10**9), "form_id": 3, "form_name": form, "answers": rows}
        return self.post("lead_forms_new", {**lead, "group_id": self.vk.group, "user_id": self.id})

    def hear_admin(self, text: str, admin: int = 777001) -> int:
        """A colleague answers this person in VK itself."""
        return self.post("message_reply", {**self._reply(text), "admin_author_id": admin, "random_id": 0})

    def hear_us(self, sent: dict[str, Any]) -> int:
        """Our own message comes back."""
        known = {key: sent[key] for key in ("peer_id", "message_id", "conversation_message_id")}
        return self.post("message_reply", self.vk.outgoing(sent, known))

    def message(self, **extra: Any) -> dict[str, Any]:
        """A message object from them with the chat's next number."""
        return {
            "id": self.vk.next_number(),
            "date": int(time.time()),
            "from_id": self.id,
            "peer_id": self.id,
            "out": 0,
            "version": 10000000 + self.vk.next_number(),
            "conversation_message_id": self.vk.next_in_chat(self.id),
            "attachments": [],
            "fwd_messages": [],
            "random_id": 0,
            **extra,
        }

    def post(self, kind: str, about: dict[str, Any], *, event_id: str = "") -> int:
        """Posts a callback to the hook, or to each registered server; 0 when a connection failed."""
        targets = [(self.hook, self.secret)] if self.hook else self._registered(kind)
        status = 0
        for url, secret in targets:
            told = {
                "group_id": self.vk.group,
                "type": kind,
                "event_id": event_id or self.vk.next_event(),
                "v": "5.199",
                "object": about,
                "secret": secret,
            }
            status = self._posted(url, json.dumps(told, ensure_ascii=False).encode())
        return status

    def _registered(self, kind: str) -> list[tuple[str, str]]:
        """Servers that want such events and were not given up."""
        return [
            (server["url"], server["secret_key"])
            for server in self.vk.servers.values()
            if server["status"] == "ok" and kind in server.get("events", [])
        ]

    def _posted(self, url: str, body: bytes) -> int:
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.answered = answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            self.answered = refused.read()
            return refused.code
        except OSError:
            return 0

    def _reply(self, text: str) -> dict[str, Any]:
        return {**self.message(text=text), "from_id": -self.vk.group, "out": 1}
