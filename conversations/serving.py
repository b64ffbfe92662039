"""A stored file as an answer: whole or in parts, and shown in place only where nothing in it can run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import content_disposition_header

from conversations import shown
from conversations.models import MediaFile
from kit import filetypes, storage
from kit.http import Unreachable
from work.rows import State

_Answer = HttpResponse | StreamingHttpResponse
# What lies under an address never changes; only this browser may keep it.
_KEPT = "private, max-age=604800, immutable"
# Even a file that was taken for something it is not runs nothing and reaches nothing.
_POLICY = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


def answer(request: HttpRequest, file: MediaFile) -> _Answer:
    """The file, to whoever the caller let through. `?save` asks to save it. Players ask for parts (`Range`).

    Raises:
        Http404: it was not fetched, or is not in the storage any more.
    """
    if file.state != State.DONE or not file.key or file.size is None:
        raise Http404
    tag = f'"{file.pk}-{file.size}"'
    if tag in request.headers.get("If-None-Match", ""):
        return _dressed(HttpResponseNotModified(), file, tag, save=False)
    size = file.size
    part = _part(request, size, tag)
    if part == (0, 0) and size:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    start, end = (part[0], part[1] - 1) if part is not None else (0, size - 1)
    response: _Answer
    if request.method == "HEAD":
        response = HttpResponse(status=206 if part else 200)
    else:
        chunks = _chunks(file.key, start, end if part else None)
        if chunks is None:
            return HttpResponse(status=503, headers={"Retry-After": "30"})
        response = StreamingHttpResponse(chunks, status=206 if part else 200)
    response["Content-Length"] = str(end - start + 1)
    if part:
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return _dressed(response, file, tag, save="save" in request.GET)


def _chunks(key: str, start: int, end: int | None) -> Iterator[bytes] | None:
    """The bytes; None while the storage is away."""
    try:
        return storage.open(key, start=start, end=end)
    except storage.Missing:
        raise Http404 from None
    except (Unreachable, OSError):
        return None


def _dressed(response: _Answer, file: MediaFile, tag: str, *, save: bool) -> _Answer:
    inline = not save and (file.mime in filetypes.SHOWN or file.mime in filetypes.PLAYED)
    response["Content-Type"] = file.mime if inline else filetypes.UNKNOWN
    disposition = content_disposition_header(not inline, shown.of(file).file_name)
    if disposition:
        response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = _KEPT
    response["ETag"] = tag
    return response


def _part(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """(first, beyond the last) of the bytes asked for; None: all of them; (0, 0): a part that is not there.

    Several parts at once are not given: all is an answer to that too (RFC 9110, 14.2).
    """
    asked = _RANGE.match(request.headers.get("Range", ""))
    if asked is None or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if not first:  # the last so many
        return (max(0, size - int(last)), size) if int(last) and size else (0, 0)
    start, beyond = int(first), min(int(last) + 1 if last else size, size)
    if last and int(last) < start:
        return None
    return (start, beyond) if start < size else (0, 0)
