"""A talk of several people in VK: all clients in one, each message headed by the client's name.

Methods messages.send, messages.edit (within a day), messages.sendMessageEventAnswer, messages.getConversationsById of
5.199. VK names no limit for a talk; ours is the pace of people.
"""

from __future__ import annotations

import contextlib

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import group, values
from integrations.protocols.channel import Outgoing, Sent, Settings, StaffPressed
from integrations.protocols.group import GroupCapabilities, Looked, Posting, Rows
from integrations.vk import client, message, sending, upload
from kit import http, safejson

_TEXT_OF_PRESS = 90
_PRESS_TIMEOUT = 3.0


class VkGroup(group.BaseGroup):
    """See `integrations.protocols.group.Group`. `chat` is a peer above two billions."""

    kind = "vk"
    capabilities = GroupCapabilities(
        max_text=sending.MAX_TEXT,
        max_label=sending.MAX_LABEL,
        max_buttons=sending.MAX_BUTTONS,
        media=frozenset(("image", "document", "voice", "video")),
        max_caption=sending.MAX_TEXT,
        calls_a_minute=60.0,
    )
    steps = (
        _(
            "In VK, open your community: “Manage”, “Messages”, “Settings for bots”: allow adding the community to"
            " chats. Then make a chat of your colleagues and add the community to it."
        ),
        _("In the chat's settings give the community access to all messages."),
        _("Send this line to the chat:"),
    )

    def look(self, settings: Settings, chat: str) -> http.Call[Looked]:
        """Its title, which VK tells administrators of the talk alone: that it does not is no sign of being out."""
        try:
            answer = yield from _told(
                client.call(settings, "messages.getConversationsById", {"peer_ids": _peer(chat)})
            )
        except errors.Rejected as refusal:
            if refusal.revoked:
                raise
            return Looked()
        for row in values.children(answer, "items"):
            return Looked(title=values.text(values.child(row, "chat_settings"), "title", 255))
        return Looked()

    def post(self, settings: Settings, posting: Posting) -> http.Call[Sent]:
        outgoing = Outgoing(
            chat=_peer(posting.chat),
            text=posting.text,
            buttons=posting.buttons,
            key=posting.key,
            reply_to=posting.reply_to,
            media=posting.media,
        )
        params = sending.parameters(outgoing)
        if outgoing.media is not None:
            params["attachment"] = yield from _told(
                upload.attachment(settings, outgoing.media, outgoing.chat)
            )
        result = yield from _told(client.call(settings, "messages.send", params))
        try:
            return sending.sent(result, outgoing.chat)
        except errors.Retry as failure:
            raise group.own_pace(failure) from failure
        except errors.Rejected as refusal:
            raise _in_words(refusal) from refusal

    def edit(self, settings: Settings, chat: str, message: str, text: str, buttons: Rows) -> http.Call[None]:
        params = {
            "peer_id": _peer(chat),
            "cmid": values.ident(message.rpartition(":")[2]) or "0",
            "message": text,
            "dont_parse_links": 1,
            "disable_mentions": 1,
        }
        # Left out, the former buttons go.
        if any(buttons):
            params["keyboard"] = sending.keyboard(buttons)
        yield from _told(client.call(settings, "messages.edit", params))

    def acknowledge(self, settings: Settings, pressed: StaffPressed, text: str) -> http.Call[None]:
        shown = {"type": "show_snackbar", "text": text[:_TEXT_OF_PRESS]}
        params = {
            "event_id": pressed.acknowledge,
            "user_id": pressed.person.external_id,
            "peer_id": pressed.chat,
            "event_data": safejson.dumps(shown).decode(),
        }
        with contextlib.suppress(errors.Rejected):
            yield from client.call(
                settings, "messages.sendMessageEventAnswer", params, timeout=_PRESS_TIMEOUT
            )


def _told(call: http.Call[object]) -> http.Call[object]:
    """The same call, its refusals in the words of groups."""
    try:
        return (yield from call)
    except errors.Retry as failure:
        raise group.own_pace(failure) from failure
    except errors.Rejected as refusal:
        raise _in_words(refusal) from refusal


def _in_words(refusal: errors.Rejected) -> errors.Rejected:
    if refusal.code in ("chat_gone", "chat_not_found", "deleted"):
        return group.refused(refusal, group.GONE)
    if refusal.code == "too_old":
        return group.refused(refusal, group.MESSAGE_LOST)
    if refusal.code == "no_rights":
        return group.refused(
            refusal, group.LACKS, str(_("VK lets the community do nothing here: check the key's rights."))
        )
    return group.refused(refusal, refusal.code)


def _peer(chat: str) -> str:
    number = values.ident(chat)
    if number is None or int(number) < message.FIRST_TALK:
        raise errors.Rejected("no such talk", code=group.GONE)
    return number


GROUP = VkGroup()
