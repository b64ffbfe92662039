"""Files on their way out: an upload server is asked for, the file is posted there, what comes back is saved.

Nothing reaches the person before `messages.send`, so whatever breaks off here may simply be done again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import OutgoingMedia, Settings
from integrations.vk import client
from kit import http

# The whole of a send has to end within a minute.
UPLOAD_TIMEOUT = 25.0
_STEP_TIMEOUT = 8.0
# VK refuses programs and music as documents; `audio_message` must be OGG with Opus.
_DOCUMENT = {"document": "doc", "video": "doc", "voice": "audio_message"}
_UNNAMED = re.compile(r"[\x00-\x1f\"\\/]+")


def attachment(settings: Settings, media: OutgoingMedia, peer: str) -> http.Call[str]:
    """Uploads a file; VK's name of it, for `messages.send`. Raises the errors of `integrations.errors`."""
    upload = _photo if media.kind == "image" else _document
    if media.kind != "image" and media.kind not in _DOCUMENT:
        raise errors.Rejected(f"VK takes no {media.kind}", code="bad_file", content=True)
    try:
        return (yield from upload(settings, media, peer))
    except http.Uncertain as failure:
        raise errors.Retry(None, f"the upload broke off: {failure.reason}") from failure


def _photo(settings: Settings, media: OutgoingMedia, peer: str) -> http.Call[str]:
    server = yield from _call(settings, "photos.getMessagesUploadServer", {"peer_id": peer})
    posted = yield from _post(server, "photo", media)
    if values.text(posted, "photo") in ("", "[]"):
        raise errors.Rejected("VK could not read the picture", code="bad_file", content=True)
    told = {key: posted.get(key) for key in ("photo", "server", "hash")}
    saved = yield from _call(settings, "photos.saveMessagesPhoto", told)
    return _named("photo", saved[0] if isinstance(saved, list) and saved else None)


def _document(settings: Settings, media: OutgoingMedia, peer: str) -> http.Call[str]:
    kind = _DOCUMENT[media.kind]
    server = yield from _call(settings, "docs.getMessagesUploadServer", {"peer_id": peer, "type": kind})
    posted = yield from _post(server, "file", media)
    file = values.text(posted, "file")
    if not file:
        said = values.text(posted, "error_descr", 200) or values.text(posted, "error", 200)
        raise errors.Rejected(said or "VK did not take the file", code="bad_file", content=True)
    saved = yield from _call(settings, "docs.save", {"file": file, "title": _name(media)})
    # `{"type": "doc", "doc": {…}}`; before 5.85 a list of documents.
    told = saved[0] if isinstance(saved, list) and saved else saved
    return _named(
        "doc", values.child(told, values.text(told, "type", 32)) if isinstance(told, dict) else None
    )


def _call(settings: Settings, method: str, params: Mapping[str, Any]) -> http.Call[Any]:
    return client.call(settings, method, params, timeout=_STEP_TIMEOUT)


def _post(server: Any, field: str, media: OutgoingMedia) -> http.Call[Mapping[str, Any]]:
    address = values.web_address(server.get("upload_url")) if isinstance(server, dict) else ""
    if not address:
        raise errors.Uncertain("VK named no upload server")
    response = yield http.Request(
        "POST", address, files={field: (_name(media), media.content, media.mime)}, timeout=UPLOAD_TIMEOUT
    )
    if response.status >= 500:
        raise errors.Uncertain(f"the upload server answered {response.status}")
    answer = response.json() if response.body else None
    if response.status >= 400 or not isinstance(answer, dict):
        raise errors.Rejected("VK did not take the file", code="bad_file", content=True)
    return answer


def _name(media: OutgoingMedia) -> str:
    return _UNNAMED.sub("_", media.name)[:120] or "file"


def _named(kind: str, saved: Any) -> str:
    part = saved if isinstance(saved, dict) else {}
    owner, number = values.ident(part.get("owner_id")), values.ident(part.get("id"))
    if not owner or not number:
        raise errors.Uncertain("VK did not name the saved file")
    key = values.text(part, "access_key", 128)
    return f"{kind}{owner}_{number}" + (f"_{key}" if key else "")
