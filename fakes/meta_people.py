"""People who write to a WhatsApp number or an Instagram account: each makes Meta post events to our server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakes.meta import FakeMeta


class WhatsAppPerson:
    """One person in WhatsApp. Methods post an event and return the answer's status.

    With `hides_phone` events name only the business-scoped id, as they do of people with a username.
    """

    def __init__(
        self,
        meta: FakeMeta,
        wa_id: str,
        name: str,
        *,
        hook: str = "",
        bsuid: str = "",
        username: str = "",
        hides_phone: bool = False,
    ) -> None:
        self.meta, self.wa_id, self.name, self.hook = meta, wa_id, name, hook
        self.bsuid = bsuid or f"RU.{wa_id}0001"
        self.username, self.hides_phone = username, hides_phone

    def say(self, text: str, **extra: Any) -> int:
        """Writes a text."""
        return self.write(type="text", text={"body": text}, **extra)

    def press(self, sent: dict[str, Any], value: str, title: str = "Yes") -> int:
        """Presses a button, or chooses a row, under a message of ours (as `sent_to` gives it)."""
        kind = "list_reply" if (sent.get("interactive") or {}).get("type") == "list" else "button_reply"
        reply = {"type": kind, kind: {"id": value, "title": title}}
        context = {"from": "79990000000", "id": sent["external_id"]}
        return self.write(type="interactive", interactive=reply, context=context)

    def press_template(self, sent: dict[str, Any], payload: str, title: str = "Yes") -> int:
        """Presses a quick reply under a template."""
        context = {"from": "79990000000", "id": sent["external_id"]}
        return self.write(type="button", button={"payload": payload, "text": title}, context=context)

    def send_file(self, content: bytes, mime: str, kind: str = "image", **more: Any) -> int:
        """Sends a file; `voice=True` makes a recording of an audio."""
        number = self.meta.store(content, mime)
        return self.write(type=kind, **{kind: {"id": number, "mime_type": mime, **more}})

    def come_from_ad(self, text: str, **referral: Any) -> int:
        """Writes the first words after an ad."""
        ad = {
            "source_type": "ad",
            "source_id": "120210000000000001",
            "source_url": "https://fb.me/1",
            **referral,
        }
        return self.say(text, referral=ad)

    def edit(self, external_id: str, text: str) -> int:
        """Changes a message."""
        message = {"type": "text", "text": {"body": text}}
        return self.write(type="edit", edit={"original_message_id": external_id, "message": message})

    def take_back(self, external_id: str) -> int:
        """Deletes a message for everybody."""
        return self.write(type="revoke", revoke={"original_message_id": external_id})

    def share_phone(self) -> int:
        """Answers a request for the phone."""
        card = {
            "name": {"formatted_name": self.name},
            "phones": [{"phone": f"+{self.wa_id}", "wa_id": self.wa_id}],
        }
        return self.write(type="contacts", contacts=[card], origin="contact_request")

    def stop_marketing(self, value: str = "stop") -> int:
        """Switches advertising off, or on again ("resume")."""
        wish: dict[str, Any] = {
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(time.time()),
        }
        wish["detail"] = f"User requested to {value} marketing messages"
        wish |= {} if self.hides_phone else {"wa_id": self.wa_id}
        told = {"contacts": [self.contact()], "user_preferences": [{**wish, "user_id": self.bsuid}]}
        return self.meta.deliver_whatsapp(told, field="user_preferences", hook=self.hook)

    def change_number(self, wa_id: str, bsuid: str) -> int:
        """Moves to another phone, which makes another business-scoped id."""
        system = {
            "type": "user_changed_number",
            "wa_id": wa_id,
            "user_id": bsuid,
            "previous_user_id": self.bsuid,
        }
        system["body"] = f"User {self.name} changed from {self.wa_id} to {wa_id}"
        message = {
            "from": self.wa_id,
            "id": self._id(),
            "timestamp": _now(),
            "type": "system",
            "system": system,
        }
        self.wa_id, self.bsuid = wa_id, bsuid
        return self.meta.deliver_whatsapp({"messages": [message]}, hook=self.hook)

    def hear_from_owner(self, text: str) -> int:
        """Gets a message that the owner wrote in the WhatsApp Business app."""
        whom = (
            {"to_user_id": self.bsuid} if self.hides_phone else {"to": self.wa_id, "to_user_id": self.bsuid}
        )
        body = {"id": self._id(), "timestamp": _now(), "type": "text", "text": {"body": text}}
        told = {"contacts": [self.contact()], "message_echoes": [{"from": "79990000000", **whom, **body}]}
        return self.meta.deliver_whatsapp(told, field="smb_message_echoes", hook=self.hook)

    def write(self, **message: Any) -> int:
        """Sends a message of any kind."""
        told = {"contacts": [self.contact()], "messages": [self.message(**message)]}
        return self.meta.deliver_whatsapp(told, hook=self.hook)

    def message(self, **parts: Any) -> dict[str, Any]:
        """A message from them with a fresh id."""
        sender = {"from_user_id": self.bsuid, **({} if self.hides_phone else {"from": self.wa_id})}
        return {**sender, "id": self._id(), "timestamp": _now(), **parts}

    def contact(self) -> dict[str, Any]:
        """Their entry in `contacts`."""
        profile = {"name": self.name, **({"username": self.username} if self.username else {})}
        return {
            "profile": profile,
            "user_id": self.bsuid,
            **({} if self.hides_phone else {"wa_id": self.wa_id}),
        }

    def _id(self) -> str:
        return f"wamid.IN{time.time_ns()}{next(self.meta.counter)}"


class InstagramPerson:
    """One person in Instagram. Methods post an event and return the answer's status."""

    def __init__(self, meta: FakeMeta, igsid: str, username: str, *, hook: str = "") -> None:
        self.meta, self.id, self.username, self.hook = meta, igsid, username, hook

    def say(self, text: str, **extra: Any) -> int:
        """Writes a text."""
        return self.write(text=text, **extra)

    def press(self, value: str, title: str = "Yes") -> int:
        """Presses a quick reply."""
        return self.write(text=title, quick_reply={"payload": value})

    def press_icebreaker(self, payload: str, title: str) -> int:
        """Begins with one of the offered questions."""
        return self.deliver(postback={"mid": self._mid(), "title": title, "payload": payload})

    def send_file(self, content: bytes, kind: str = "image") -> int:
        """Sends a file."""
        return self.write(attachments=[{"type": kind, "payload": {"url": self._url(content)}}])

    def answer_story(self, text: str) -> int:
        """Answers a story of the account."""
        story = {"id": "179000", "url": self._url(b"story")}
        return self.write(text=text, reply_to={"story": story})

    def mention_in_story(self) -> int:
        """Mentions the account in a story of their own."""
        return self.write(attachments=[{"type": "story_mention", "payload": {"url": self._url(b"mine")}}])

    def take_back(self, mid: str) -> int:
        """Unsends a message."""
        return self.deliver(message={"mid": mid, "is_deleted": True})

    def see(self, mid: str) -> int:
        """Reads as far as a message of ours."""
        return self.deliver(read={"mid": mid})

    def open_link(self, ref: str) -> int:
        """Opens an existing chat by a link."""
        return self.deliver(referral={"ref": ref, "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"})

    def comment(self, text: str, number: str = "", **media: Any) -> int:
        """Writes under a post."""
        value = {
            "id": number or f"179{next(self.meta.counter):014d}",
            "from": {"id": self.id, "username": self.username},
            "text": text,
            "media": {"id": "18000000000000001", "media_product_type": "FEED", **media},
        }
        return self.meta.deliver_instagram(
            {"changes": [{"field": "comments", "value": value}]}, hook=self.hook
        )

    def hear(self, text: str, *, mid: str = "", app_id: int | None = None) -> int:
        """The echo of what the account wrote: by hand, or with `app_id` by a program."""
        message: dict[str, Any] = {"mid": mid or self._mid(), "text": text, "is_echo": True}
        if app_id is not None:
            message["app_id"] = app_id
        account = self.meta.account["user_id"]
        return self._messaging({"sender": {"id": account}, "recipient": {"id": self.id}, "message": message})

    def write(self, **message: Any) -> int:
        """Sends a message of any kind."""
        return self.deliver(message={"mid": self._mid(), **message})

    def deliver(self, **parts: Any) -> int:
        """Posts an event of theirs."""
        account = self.meta.account["user_id"]
        return self._messaging({"sender": {"id": self.id}, "recipient": {"id": account}, **parts})

    def _messaging(self, item: dict[str, Any]) -> int:
        told = {"messaging": [{**item, "timestamp": int(time.time() * 1000)}]}
        return self.meta.deliver_instagram(told, hook=self.hook)

    def _mid(self) -> str:
        return f"aWdfZAG1fSU4{time.time_ns()}{next(self.meta.counter)}"

    def _url(self, content: bytes) -> str:
        return f"{self.meta.url}/cdn/{self.meta.store(content, 'image/jpeg')}"


def _now() -> str:
    return str(int(time.time()))
