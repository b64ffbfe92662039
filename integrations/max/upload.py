"""Files on their way out: an upload address is asked for, the file is posted there, its token goes with the message.

Nothing reaches the person before the message itself, so whatever breaks off here may simply be done again.
Source: dev.max.ru/docs-api/methods/POST/uploads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.max import client
from integrations.protocols import values
from integrations.protocols.channel import OutgoingMedia, Settings
from kit import http

# The whole of a send has to end within a minute, pauses for a file that is not ready included.
UPLOAD_TIMEOUT = 20.0
_STEP_TIMEOUT = 8.0
KINDS = {"image": "image", "video": "video", "voice": "audio", "audio": "audio", "document": "file"}
_UNNAMED = re.compile(r"[\x00-\x1f\"\\/]+")


def attachment(settings: Settings, media: OutgoingMedia) -> http.Call[dict[str, Any]]:
    """Uploads a file; the attachment to send. Raises the errors of `integrations.errors`."""
    kind = KINDS.get(media.kind)
    if kind is None:
        raise errors.Rejected(f"MAX takes no {media.kind}", code="bad_file", content=True)
    try:
        payload = yield from _uploaded(settings, media, kind)
    except http.Uncertain as failure:
        raise errors.Retry(None, f"the upload broke off: {failure.reason}") from failure
    return {"type": kind, "payload": payload}


def _uploaded(settings: Settings, media: OutgoingMedia, kind: str) -> http.Call[Mapping[str, Any]]:
    place = yield from client.call(settings, "POST", "/uploads", query={"type": kind}, timeout=_STEP_TIMEOUT)
    address = values.web_address(place.get("url"))
    if not address:
        raise errors.Uncertain("MAX named no upload address")
    name = _UNNAMED.sub("_", media.name)[:120] or "file"
    response = yield http.Request(
        "POST",
        address,
        files={"data": (name, media.content, media.mime)},
        timeout=UPLOAD_TIMEOUT,
        trust=client.TRUST,
    )
    if response.status >= 500:
        raise errors.Uncertain(f"the upload server answered {response.status}")
    if response.status >= 300:
        raise errors.Rejected("MAX did not take the file", code="bad_file", content=True)
    # Of films and sounds the token comes with the address and the upload answers in XML; of the others after it.
    token = values.text(place, "token", 2048)
    if token:
        return {"token": token}
    return _payload(response.json())


def _payload(posted: Any) -> dict[str, Any]:
    told = posted if isinstance(posted, dict) else {}
    token = values.text(told, "token", 2048)
    if token:
        return {"token": token}
    for photo in values.child(told, "photos").values():
        token = values.text(photo, "token", 2048) if isinstance(photo, dict) else ""
        if token:
            return {"token": token}
    raise errors.Rejected("MAX could not read the file", code="bad_file", content=True)
