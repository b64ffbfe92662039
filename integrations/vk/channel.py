"""A VK community as a channel: its messages, lead forms and shop orders."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import (
    BaseChannel,
    ButtonPressed,
    Capabilities,
    Connected,
    Fact,
    Field,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Outgoing,
    Person,
    Sent,
    Settings,
    secret_matches,
)
from integrations.vk import account, client, envelope, message, parse, sending, upload
from kit import http

_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_PLAIN = {"content-type": "text/plain; charset=utf-8"}
# A pressed button spins until it is answered: late is the same as never.
_REACT_TIMEOUT = 3.0
# Clocks differ: a message counts as sent after a moment if VK dates it up to so much earlier.
_CLOCKS = timedelta(seconds=60)


class VkChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the person's number (VK's `peer_id`); a message's external id is "<chat>:<number within the chat>".
    A person has the same number in every community: it must not be compared across tenants.
    """

    kind = "vk"
    label = _("VK")
    capabilities = Capabilities(
        inline_buttons=True,
        url_buttons=True,
        replies=True,
        max_text=sending.MAX_TEXT,
        max_buttons=sending.MAX_BUTTONS,
        max_buttons_row=sending.ROW,
        max_button_label=sending.MAX_LABEL,
        max_button_value=200,
        media=frozenset(("image", "document", "voice", "video")),
        max_caption=sending.MAX_TEXT,
        typing=True,
        receipts=frozenset(("read",)),
        idempotent_send=True,
        echoes=True,
        per_second=20.0,
    )
    fields = (
        Field(
            name="group_id",
            label=_("Community number"),
            required=True,
            help=_("The digits of vk.com/club123456789; “Manage”, “Settings” shows them too."),
        ),
        Field(
            name="access_token",
            label=_("Access key"),
            secret=True,
            required=True,
            help=_("The community's own key, with the rights to manage it and to its messages."),
        ),
        Field(
            name="secret",
            label=_("Secret key"),
            secret=True,
            generated=True,
            help=_("VK repeats it with every event. Made by itself when left empty."),
        ),
        Field(
            name="confirmation",
            label=_("Confirmation code"),
            help=_("Asked of VK when connecting; only needed where the address is entered by hand."),
        ),
    )
    guide = Guide(
        icon="vk",
        text=_("Messages to your community come here, and what people leave in its forms and shop."),
        steps=(
            _("Open your community in VK and choose “Manage”, then “API usage”."),
            _("Press “Create key” and tick: manage the community, messages, photos, documents."),
            _("Confirm by the code VK sends you, copy the key and paste it below."),
            _("Enter the community's number: the digits of its address vk.com/club…"),
        ),
    )
    refused_status = 403

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """VK's `confirmation`, answered with the code alone."""
        told = envelope.attempt(request.body)
        if told is None or told.type != "confirmation" or not _addressed(settings, told):
            return None
        if told.secret is not None and not _secret_fits(settings, told):
            return None
        code = settings.get("confirmation") or ""
        if not code:
            return HookReply(status=503, headers=_PLAIN, body=b"no confirmation code yet")
        return HookReply(headers=_PLAIN, body=code.encode())

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """The community and the secret in the body. Without a secret of ours the path's token stands alone."""
        told = envelope.attempt(request.body)
        if told is None or not _addressed(settings, told):
            return False
        return not settings.get("secret") or _secret_fits(settings, told)

    def event_id(self, request: HookRequest) -> str | None:
        return envelope.event_id(request.body)

    def thread_key(self, request: HookRequest) -> str | None:
        told = envelope.attempt(request.body)
        return envelope.thread_key(told) if told else None

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        """Exactly `ok`: anything else is sent again, and `remove` would end the subscription."""
        return HookReply(headers=_PLAIN, body=b"ok")

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(request.body, settings)
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable callback ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        params = sending.parameters(outgoing)
        if outgoing.media is not None:
            params["attachment"] = yield from upload.attachment(settings, outgoing.media, outgoing.chat)
        try:
            result = yield from client.call(settings, "messages.send", params)
            return sending.sent(result, outgoing.chat)
        except errors.Rejected as refusal:
            if refusal.code == "no_rights":
                yield from _tell_apart(settings, outgoing.chat)
            raise

    def react(self, settings: Settings, fact: Fact) -> http.Call[None] | None:
        return _answer_press(settings, fact) if isinstance(fact, ButtonPressed) and fact.acknowledge else None

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return account.connect(settings, hook_url)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return account.health(settings, hook_url)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        return account.disconnect(settings, hook_url)

    # `locate` stays what it is: files lie in the open, and a document's address leads on to the file.

    def settle(
        self, settings: Settings, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None] | None:
        """Looks through the chat's last messages: VK keeps our `random_id` with them."""
        return _look_for(settings, outgoing, since)

    def profile(self, settings: Settings, chat: str, person: Person) -> http.Call[Person | None] | None:
        return _name_of(settings, person)

    def typing(self, settings: Settings, chat: str) -> http.Call[None] | None:
        return _show_typing(settings, chat)

    def link(self, base: str, code: str) -> str | None:
        """The code comes back as `ref` of the first message written behind the link."""
        good = base.startswith("https://vk.me/") and _CODE.match(code)
        return f"{base}?ref={code}" if good else None


def _addressed(settings: Settings, told: envelope.Envelope) -> bool:
    group = client.group_of(settings)
    return bool(group) and told.group == group


def _secret_fits(settings: Settings, told: envelope.Envelope) -> bool:
    return not settings.get("secret") or secret_matches(settings, "secret", told.secret)


def _tell_apart(settings: Settings, chat: str) -> http.Call[None]:
    """ "No access" may mean our key or this person; raises Rejected (blocked) when the person allows no messages."""
    params = {"group_id": client.group_of(settings), "user_id": chat}
    answer = yield from client.call(settings, "messages.isMessagesFromGroupAllowed", params)
    if isinstance(answer, dict) and answer.get("is_allowed") in (0, False):
        reason = "this person has not allowed messages from the community"
        raise errors.Rejected(reason, code="not_allowed", blocked=True)


def _answer_press(settings: Settings, pressed: ButtonPressed) -> http.Call[None]:
    """Stops the spinner. Too late is no failure: there is nothing left to do then."""
    params = {
        "event_id": pressed.acknowledge,
        "user_id": pressed.person.external_id,
        "peer_id": pressed.chat,
    }
    try:
        yield from client.call(settings, "messages.sendMessageEventAnswer", params, timeout=_REACT_TIMEOUT)
    except errors.Rejected as refusal:
        if refusal.revoked:
            raise


def _look_for(settings: Settings, outgoing: Outgoing, since: datetime) -> http.Call[Sent | None]:
    chat, wanted, said = sending.peer(outgoing.chat), sending.random_id(outgoing.key), outgoing.text.strip()
    answer = yield from client.call(settings, "messages.getHistory", {"peer_id": chat, "count": 100})
    for row in values.children(answer, "items"):
        at = values.moment(row.get("date"))
        if row.get("out") != 1 or at is None or at < since - _CLOCKS:
            continue
        same_words = bool(said) and values.text(row, "text").strip() == said
        same_words = same_words and not values.ident(row.get("admin_author_id"))
        if row.get("random_id") == wanted or same_words:
            return Sent(message.key(row, chat))
    return None


def _name_of(settings: Settings, person: Person) -> http.Call[Person | None]:
    params: dict[str, Any] = {"user_ids": person.external_id, "fields": "screen_name"}
    answer = yield from client.call(settings, "users.get", params)
    found = values.children({"users": answer}, "users")
    if not found:
        return None
    name = f"{values.text(found[0], 'first_name', 120)} {values.text(found[0], 'last_name', 120)}"
    return Person(
        external_id=person.external_id,
        name=" ".join(name.split()),
        username=values.text(found[0], "screen_name", 64),
    )


def _show_typing(settings: Settings, chat: str) -> http.Call[None]:
    params = {"peer_id": sending.peer(chat), "type": "typing"}
    yield from client.call(settings, "messages.setActivity", params, timeout=_REACT_TIMEOUT)


CHANNEL = VkChannel()
