"""A colleague's word on its way to the client: once, as that colleague, and the thread is a person's from then on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from conversations import outbox
from conversations.models import Conversation, MediaFile, Message
from inbox import closing
from inbox.group.models import StaffGroup
from inbox.group.people import Colleague


def key_of(group: StaffGroup, external_id: str) -> str:
    """Our key of a message that came from a group: told twice, it is one."""
    return f"{prefix(group)}{external_id}"[:180]


def prefix(group: StaffGroup) -> str:
    """How the keys of a group's messages begin."""
    return f"group:{group.pk}:"


def origin(group: StaffGroup, message: Message) -> str:
    """The external id of the colleague's message that this one came from, "" when it came from elsewhere."""
    own = prefix(group)
    if not message.key.startswith(own):
        return ""
    # Parts of a longer text are numbered, see `outbox.say`; files of one message are told apart by a slash.
    whole, _colon, number = message.key.rpartition(":")
    is_part = number.isdigit() and Message.objects.filter(key=whole).exists()
    return (whole if is_part else message.key).removeprefix(own).partition("/")[0]


def answer(
    thread: Conversation,
    who: Colleague,
    *,
    text: str,
    key: str,
    now: dt.datetime,
    attached: Sequence[MediaFile] = (),
) -> Message:
    """Sends an answer as this colleague; the thread is locked. A repeat with the same key is the same message.

    Raises:
        outbox.CannotWrite: nothing can be sent there.
    """
    known = Message.objects.filter(key=key).first()
    if known is not None:
        return known
    message = outbox.reply(thread, text=text, by=who.user, key=key, now=now, files=attached)
    if who.user is None:
        name = who.name or _("a colleague")
        hint = _("%(name)s, in the colleagues' group") % {"name": name}
        Message.objects.filter(pk=message.pk).update(hint=hint[:255])
    closing.reopen(thread, by=who.user, now=now)
    return message
