"""Files of the Bot API: sent as multipart forms, fetched by an address that holds the bot's token.

`getFile` gives a path; the file lies at `<base>/file/bot<token>/<path>` for an hour at least, up to 20 MB. Uploads:
a photo up to 10 MB, anything else up to 50 MB; a caption has up to 1024 UTF-16 units after entities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import Media, Outgoing, text_length
from integrations.telegram import client, values
from kit import http

# Our kind of file → (method, the field that carries it).
METHODS: Mapping[str, tuple[str, str]] = {
    "image": ("sendPhoto", "photo"),
    "voice": ("sendVoice", "voice"),
    "audio": ("sendAudio", "audio"),
    "video": ("sendVideo", "video"),
    "document": ("sendDocument", "document"),
}
# Less than the 50 MB that a bot may send: it is held in memory on its way.
LARGEST = 20_000_000
LARGEST_PHOTO = 10_000_000
CAPTION = 1024
# The largest file that a bot may fetch.
_FETCHED = 20 * 1024 * 1024
_ODD = re.compile(r"[\x00-\x20\x7f\\%?#]")
# Large enough for a slow line, less than the lease of a call.
_TIMEOUT = 50.0


def send(token: str, envelope: Mapping[str, Any], outgoing: Outgoing) -> http.Call[Any]:
    """Sends a file with its caption; the result is the Message.

    A picture that Telegram would not take as a photo (too heavy, too long and narrow) goes as a file instead.
    """
    media = outgoing.media
    assert media is not None
    if media.kind not in METHODS:
        raise errors.Rejected("Telegram takes no files of this kind", code="bad_file", content=True)
    if not media.content:
        raise errors.Rejected("the file is empty", code="bad_file", content=True)
    if text_length(outgoing.text, "utf16") > CAPTION:
        raise errors.Rejected("the caption is too long", code="too_long", content=True)
    params = {**envelope, **({"caption": outgoing.text} if outgoing.text.strip() else {})}
    kind = "document" if media.kind == "image" and len(media.content) > LARGEST_PHOTO else media.kind
    while True:
        method, field = METHODS[kind]
        upload = {field: (media.name or field, media.content, media.mime)}
        try:
            return (yield from client.call(token, method, params, files=upload, timeout=_TIMEOUT))
        except errors.Rejected as refusal:
            if kind != "image" or refusal.code != "bad_picture":
                raise
            kind = "document"


def locate(token: str, media: Media) -> http.Call[http.Request]:
    """The request for a file that came in. It carries the token: never for a browser or a log."""
    if media.size is not None and media.size > _FETCHED:
        raise errors.Rejected(str(_TOO_BIG), code="too_big")
    try:
        found = yield from client.call(token, "getFile", {"file_id": media.ref})
    except errors.Rejected as refusal:
        if refusal.code == "too_big":
            raise errors.Rejected(str(_TOO_BIG), code="too_big") from refusal
        raise
    path = values.text(found, "file_path") if isinstance(found, dict) else ""
    if _ODD.search(path) or any(part in ("", ".", "..") for part in path.split("/")):
        # A Bot API server of one's own in local mode answers with a path of its own disk.
        raise errors.Rejected("Telegram named no path of the file", code="bad_file")
    return http.Request("GET", f"{client.base_url()}/file/bot{client.checked(token)}/{quote(path)}")


_TOO_BIG = _("Telegram hands out files of up to 20 MB only: open it in Telegram.")
