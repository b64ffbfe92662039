"""Groups with topics as the Bot API shows them, and the colleagues who write there.

    group = telegram.group(-1001, "Shift", token="700000001:AAtest")
    lena = group.person(300100, "Lena")
    lena.say("/connect " + code); group.shown(topic="2"); lena.press(group.card("2"), "Take")

Refusals, their texts and the twenty messages a minute are those of Telegram's own server as far as we rely on them.
"""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

from fakes.server import Answer
from fakes.telegram_person import Person

if TYPE_CHECKING:
    from fakes.telegram import FakeTelegram

_SENDS = frozenset({"sendMessage", "sendPhoto", "sendVoice", "sendAudio", "sendVideo", "sendDocument"})
_MINUTE = 60.0


class Group:
    """One group. `admin` and `manages` are the bot's rights, `forum` whether topics are on, `there` whether it is in.

    `most` messages go through in a minute. `topics` are by id, `messages` by number as they now stand.
    """

    def __init__(
        self, telegram: FakeTelegram, chat: int, title: str, *, hook: str, secret: str, token: str
    ) -> None:
        self.telegram, self.chat, self.title = telegram, chat, title
        self.hook, self.secret, self.token = hook, secret, token
        self.admin = self.manages = self.forum = self.there = True
        self.deleted = False
        self.most = 20
        self.topics: dict[str, dict[str, Any]] = {}
        self.messages: dict[int, dict[str, Any]] = {}
        self.pinned: list[int] = []
        self._numbers = itertools.count(1)
        self._taken: list[float] = []

    # For tests ------------------------------------------------------------------------------------------------

    def person(self, ident: int, name: str) -> Colleague:
        """A member of the group."""
        return Colleague(self, ident, name)

    def shown(self, topic: str = "") -> list[dict[str, Any]]:
        """The bot's messages in a topic ("": outside of any), as they now stand."""
        with self.telegram.lock:
            return [
                sent for sent in self.messages.values() if str(sent.get("message_thread_id") or "") == topic
            ]

    def words(self, topic: str = "") -> list[str]:
        """Their texts."""
        return [str(sent.get("text") or sent.get("caption") or "") for sent in self.shown(topic)]

    def card(self, topic: str) -> dict[str, Any]:
        """The pinned message of a topic."""
        return next(sent for sent in self.shown(topic) if sent["message_id"] in self.pinned)

    def named(self, name: str) -> str:
        """The id of the newest topic of this name."""
        return next(ident for ident, topic in reversed(self.topics.items()) if topic["name"] == name)

    def put_out(self, by: Colleague) -> int:
        """Somebody removes the bot."""
        self.there = False
        return by.post({"my_chat_member": by.membership("administrator", "kicked")})

    def bring_in(self, by: Colleague) -> int:
        """Somebody adds the bot, or gives it its rights."""
        self.there = self.admin = self.manages = True
        return by.post({"my_chat_member": by.membership("left", "administrator")})

    # The Bot API ----------------------------------------------------------------------------------------------

    def answer(self, token: str, method: str, params: dict[str, Any]) -> Answer | None:
        """What a call about this group is answered; None for a message that goes through."""
        if self.deleted:
            return _error(403, "Forbidden: the group chat was deleted")
        if not self.there:
            return _error(403, "Forbidden: bot was kicked from the supergroup chat")
        if method == "getChat":
            return _ok({"id": self.chat, "type": "supergroup", "title": self.title, "is_forum": self.forum})
        if method == "getChatMember":
            return _ok(self._seat(int(params.get("user_id") or 0)))
        topic = str(params.get("message_thread_id") or "")
        if method in ("createForumTopic", "editForumTopic", "closeForumTopic", "reopenForumTopic"):
            return self._topic(method, topic, params)
        if method == "pinChatMessage":
            self.pinned.append(int(params["message_id"]))
            return _ok(True)
        if method == "editMessageText":
            return self._edit(params)
        if method not in _SENDS:
            return None
        if topic and topic not in self.topics:
            return _error(400, "Bad Request: message thread not found")
        return self._crowded()

    def keep(self, number: int, params: dict[str, Any]) -> None:
        """A message that went through."""
        self.messages[number] = {**params, "message_id": number}

    def next_number(self) -> int:
        """The group's next message number."""
        return next(self._numbers)

    def _crowded(self) -> Answer | None:
        now = time.monotonic()
        self._taken = [at for at in self._taken if now - at < _MINUTE]
        if len(self._taken) >= self.most:
            after = max(1, round(_MINUTE - (now - min(self._taken, default=now))))
            return _error(429, f"Too Many Requests: retry after {after}", retry_after=after)
        self._taken.append(now)
        return None

    def _seat(self, user: int) -> dict[str, Any]:
        seat: dict[str, Any] = {"user": {"id": user, "is_bot": True}, "status": "member"}
        if self.admin:
            seat |= {"status": "administrator", "can_manage_topics": self.manages, "can_pin_messages": True}
        return seat

    def _topic(self, method: str, topic: str, params: dict[str, Any]) -> Answer:
        if not self.forum:
            return _error(400, "Bad Request: the chat is not a forum")
        if not (self.admin and self.manages):
            return _error(400, "Bad Request: not enough rights to create a topic")
        if method == "createForumTopic":
            name = str(params.get("name") or "")
            if not 1 <= len(name) <= 128:
                return _error(400, "Bad Request: TOPIC_TITLE_EMPTY")
            number = self.next_number()
            self.topics[str(number)] = {"name": name, "closed": False}
            return _ok({"message_thread_id": number, "name": name, "icon_color": 7322096})
        there = self.topics.get(topic)
        if there is None:
            return _error(400, "Bad Request: TOPIC_ID_INVALID")
        wanted = {"name": params.get("name")} if method == "editForumTopic" else {"closed": method[0] == "c"}
        if wanted.items() <= there.items():
            return _error(400, "Bad Request: TOPIC_NOT_MODIFIED")
        there.update(wanted)
        return _ok(True)

    def _edit(self, params: dict[str, Any]) -> Answer:
        there = self.messages.get(int(params.get("message_id") or 0))
        if there is None:
            return _error(400, "Bad Request: message to edit not found")
        changed = {"text": params.get("text"), "reply_markup": params.get("reply_markup")}
        if all(there.get(key) == value for key, value in changed.items()):
            return _error(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly"
                " the same",
            )
        there.update(changed)
        return _ok({"message_id": there["message_id"], "chat": {"id": self.chat, "type": "supergroup"}})


class Colleague(Person):
    """Somebody who writes in a group; `topic` is where, "" for outside of any."""

    def __init__(self, group: Group, ident: int, name: str) -> None:
        super().__init__(group.telegram, ident, name, hook=group.hook, secret=group.secret, token=group.token)
        self.group, self.topic = group, ""

    def within(self, topic: str) -> Colleague:
        """The same colleague, who turns to a topic."""
        self.topic = topic
        return self

    def message(self, **extra: Any) -> dict[str, Any]:
        """A Message from them in the group."""
        told: dict[str, Any] = {
            "message_id": self.group.next_number(),
            "from": self.user(),
            "chat": self._chat(),
            "date": int(time.time()),
        }
        if self.topic:
            # What answers nothing answers the message by which the topic was made.
            told |= {
                "message_thread_id": int(self.topic),
                "is_topic_message": True,
                "reply_to_message": {"message_id": int(self.topic), "chat": self._chat()},
            }
        return {**told, **extra}

    def press(self, sent: dict[str, Any], label: str) -> int:
        """Presses a button, named by its label, under a message of the bot."""
        markup = sent.get("reply_markup") or {}
        markup = json.loads(markup) if isinstance(markup, str) else markup
        buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
        value = next(button["callback_data"] for button in buttons if button["text"] == label)
        return self.press_value(sent, value)

    def press_value(self, sent: dict[str, Any], value: str) -> int:
        """Presses with any value, as a program of one's own might."""
        under: dict[str, Any] = {
            "message_id": sent["message_id"],
            "date": int(time.time()),
            "chat": self._chat(),
        }
        if sent.get("message_thread_id"):
            under |= {"message_thread_id": int(sent["message_thread_id"]), "is_topic_message": True}
        query = {"id": str(time.time_ns()), "from": self.user(), "chat_instance": "1", "data": value}
        return self.post({"callback_query": {**query, "message": under}})

    def membership(self, old: str, new: str) -> dict[str, Any]:
        """ChatMemberUpdated of the bot, by this colleague's hand."""
        bot = {"id": int(self.group.token.partition(":")[0] or 1), "is_bot": True, "first_name": "Salon"}
        return {
            "chat": self._chat(),
            "from": self.user(),
            "date": int(time.time()),
            "old_chat_member": {"user": bot, "status": old},
            "new_chat_member": {"user": bot, "status": new},
        }

    def _chat(self) -> dict[str, Any]:
        return {
            "id": self.group.chat,
            "type": "supergroup",
            "title": self.group.title,
            "is_forum": self.group.forum,
        }


def _ok(result: Any) -> Answer:
    return Answer(200, {"ok": True, "result": result})


def _error(code: int, description: str, **parameters: Any) -> Answer:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Answer(code, body)
