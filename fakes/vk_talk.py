"""A talk of several people with the community in it, as VK shows it, and the colleagues who write there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fakes.server import Answer
from fakes.vk_person import CLIENT, Person

if TYPE_CHECKING:
    from fakes.vk import FakeVk


class Talks:
    """What the community said in talks: by talk and number, as it now stands."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[int, dict[str, Any]]] = {}
        self.answers: list[str] = []

    def keep(self, sent: dict[str, Any]) -> None:
        """A message that went out; those to single people are kept elsewhere."""
        if int(sent["peer_ids"]) > 2_000_000_000:
            number = int(sent["conversation_message_id"])
            self.messages.setdefault(str(sent["peer_ids"]), {})[number] = {**sent, "text": sent["message"]}

    def edit(self, params: dict[str, Any]) -> Answer:
        """messages.edit."""
        number = int(params.get("cmid") or 0)
        there = self.messages.get(str(params.get("peer_id")), {}).get(number)
        if there is None:
            return _error(100, "message is not found")
        there["text"] = params.get("message")
        there["keyboard"] = params.get("keyboard", "")
        return Answer(200, {"response": 1})

    def answered(self, params: dict[str, Any]) -> None:
        """messages.sendMessageEventAnswer: the words of its snackbar."""
        told = json.loads(params.get("event_data") or "{}")
        if told.get("type") == "show_snackbar" and len(str(told.get("text"))) <= 90:
            self.answers.append(str(told["text"]))


class Colleague(Person):
    """Somebody who writes in a talk."""

    def __init__(self, vk: FakeVk, talk: int, ident: int, name: str) -> None:
        super().__init__(vk, ident, name, hook="", secret=vk.secret)
        self.talk = talk

    def message(self, **extra: Any) -> dict[str, Any]:
        """A message object from them in the talk."""
        told = {
            "peer_id": self.talk,
            "id": 0,
            "conversation_message_id": self.vk.next_in_chat(self.talk),
        }
        return {**super().message(), **told, **extra}

    def reply(self, sent: dict[str, Any], text: str, **extra: Any) -> int:
        """Answers to a message of the community."""
        return self.say(text, reply_message=self._quoted(sent), **extra)

    def send_photo_in_talk(self, sent: dict[str, Any], content: bytes, text: str) -> int:
        """Answers with a picture."""
        sizes = [{"type": "w", "width": 160, "height": 120, "url": self.vk.serve("talk.jpg", content)}]
        photo = {"id": 7, "owner_id": self.id, "access_key": "a1", "sizes": sizes}
        return self.reply(sent, text, attachments=[{"type": "photo", "photo": photo}])

    def press_in_talk(self, sent: dict[str, Any], label: str) -> int:
        """Presses a button."""
        rows = json.loads(sent["keyboard"])["buttons"]
        actions = [button["action"] for row in rows for button in row]
        pressed = next(action for action in actions if action["label"] == label)
        return self.post(
            "message_event",
            {
                "user_id": self.id,
                "peer_id": self.talk,
                "event_id": self.vk.next_event()[-12:],
                "payload": json.loads(pressed["payload"]),
                "conversation_message_id": sent["conversation_message_id"],
            },
        )

    def put_out(self) -> int:
        """Removes the community from the talk."""
        self.vk.gone.add(self.talk)
        return self._acts("chat_kick_user")

    def bring_in(self) -> int:
        """Adds it."""
        self.vk.gone.discard(self.talk)
        return self._acts("chat_invite_user")

    def _acts(self, kind: str) -> int:
        action = {"type": kind, "member_id": -self.vk.group}
        return self.post(
            "message_new", {"message": self.message(text="", action=action), "client_info": CLIENT}
        )

    def _quoted(self, sent: dict[str, Any]) -> dict[str, Any]:
        number = sent["conversation_message_id"]
        return {"conversation_message_id": number, "from_id": -self.vk.group, "text": sent["text"]}


def _error(code: int, message: str) -> Answer:
    return Answer(200, {"error": {"error_code": code, "error_msg": message, "request_params": []}})
