"""The Instagram part of the fake Graph API: sending with its limits, files, profiles, chats, tokens."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from fakes.meta_answers import error, ok
from fakes.meta_state import APP, MetaState
from fakes.meta_whatsapp import part_of
from fakes.server import Answer, Seen

_ACTIONS = ("mark_seen", "typing_on", "typing_off", "react", "unreact")


class InstagramPart(MetaState):
    """Methods of `FakeMeta` for paths of an account."""

    def instagram(self, seen: Seen, path: list[str], token: str) -> Answer:
        """Answers a call of `path`, the version left out."""
        told = seen.params()
        match path:
            case ["me"]:
                return ok(self.account)
            case ["me", "messages"]:
                return self.take_direct(seen, told)
            case ["me", "message_attachments"]:
                return self.take_attachment(seen, told)
            case ["me", "subscribed_apps"]:
                return self.subscriptions(seen, told)
            case ["me", "conversations"]:
                return self.conversation(str(told.get("user_id") or ""))
            case ["refresh_access_token"]:
                if told.get("access_token") != token or not token.startswith("IG"):
                    return error(400, 190, "Invalid OAuth access token")
                renewed = {"access_token": f"{token}2", "token_type": "bearer", "expires_in": 5_183_944}
                return ok(renewed)
            case [number] if number == self.account["user_id"]:
                return ok({"id": number, "username": self.account["username"], "name": self.account["name"]})
            case [number] if number in self.profiles:
                return ok({**self.profiles[number], "id": number})
            case [_] if token.startswith("EAA"):
                return error(400, 100, "Unsupported get request. Object does not exist", subcode=33)
            case [_]:
                return error(400, 230, "(#230) User consent is required to access user profile")
        return error(400, 2500, "Unknown path components")

    def subscriptions(self, seen: Seen, told: dict[str, Any]) -> Answer:
        account = self.account["user_id"]
        if seen.method == "POST":
            self.subscribed[account] = str(told.get("subscribed_fields") or "").split(",")
        elif seen.method == "DELETE":
            self.subscribed.pop(account, None)
        else:
            fields = self.subscribed.get(account)
            return ok({"data": [{"id": APP, "subscribed_fields": fields}] if fields else []})
        return ok({"success": True})

    def take_direct(self, seen: Seen, told: dict[str, Any]) -> Answer:
        recipient, message = told.get("recipient") or {}, told.get("message")
        comment, whom = recipient.get("comment_id"), str(recipient.get("id") or "")
        if told.get("sender_action"):
            good = told["sender_action"] in _ACTIONS and whom and message is None
            return ok({"recipient_id": whom}) if good else error(400, 100, "(#100) Invalid sender_action")
        if not (comment or whom) or not isinstance(message, dict):
            return error(400, 100, "(#100) recipient and message are required")
        if comment and comment in self.answered:
            return error(400, 10900, "Activity already replied to")
        why = self.direct_trouble(message)
        if why:
            return error(400, 100, f"(#100) {why}")
        if whom in self.blocked:
            return error(400, 551, "(#551) This person isn't available right now.")
        tagged = told.get("messaging_type") == "MESSAGE_TAG" and told.get("tag") == "HUMAN_AGENT"
        if whom in self.closed and not tagged:
            return error(400, 10, "(#10) This message is sent outside of allowed window.", subcode=2534022)
        external_id = f"aWdfZAG1faXRlbToxOk{next(self.counter)}ZD"
        if comment:
            self.answered.add(comment)
        seen.sent = {**told, "whom": comment or whom, "external_id": external_id}
        self.chats.setdefault(whom, []).insert(
            0,
            {
                "id": external_id,
                "created_time": dt.datetime.fromtimestamp(seen.at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "from": {"id": self.account["user_id"], "username": self.account["username"]},
                "message": message.get("text") or "",
            },
        )
        return ok({"recipient_id": whom, "message_id": external_id})

    def direct_trouble(self, message: dict[str, Any]) -> str:
        """What is wrong with a message, "" when it is right."""
        attachment = message.get("attachment")
        if attachment is not None:
            known = (attachment.get("payload") or {}).get("attachment_id") in self.files
            return "" if known and "text" not in message else "no such attachment"
        if not 1 <= len(str(message.get("text") or "").encode()) <= 1000:
            return "Length of param message[text] must be less than or equal to 1000"
        replies = message.get("quick_replies") or []
        good = len(replies) <= 13 and all(
            reply.get("content_type") == "text"
            and 1 <= len(reply.get("title") or "") <= 20
            and reply.get("payload")
            for reply in replies
        )
        return "" if good else "bad quick_replies"

    def take_attachment(self, seen: Seen, told: dict[str, Any]) -> Answer:
        attachment = json.loads(told.get("message") or "{}").get("attachment") or {}
        name = str(told.get("filedata") or "")
        if told.get("platform") != "instagram" or not name or not name.isascii():
            return error(400, 100, "(#100) platform and filedata are required")
        if attachment.get("type") not in ("image", "video", "audio", "file"):
            return error(400, 100, "(#100) Invalid attachment type")
        return ok({"attachment_id": self.store(part_of(seen, "filedata"), attachment["type"])})

    def conversation(self, person: str) -> Answer:
        rows = self.chats.get(person)
        if rows is None:
            return ok({"data": []})
        return ok({"data": [{"id": "t_1", "messages": {"data": rows[:20]}}]})
