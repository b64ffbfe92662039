"""An S3-compatible store (Amazon, MinIO, Yandex, Selectel …) as `kit.store.Store`, on its REST interface.

Requests are signed by Signature Version 4 (docs.aws.amazon.com, "Signature Calculations for the Authorization
Header: Transferring Payload in a Single Chunk"); objects are addressed by path, which every store takes. The store is
named by the operator and may well stand in our own network, so `kit.guard`, which is against addresses that strangers
type, is not asked here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import hashlib
import hmac
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import httpx

from kit.exchange import Unreachable
from kit.store import CHUNK, Missing, checked, checked_prefix

EMPTY = hashlib.sha256(b"").hexdigest()
# Connecting, and each single step of a transfer.
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_GONE = "NoSuchKey"
# Makes the bytes of a request anew for each attempt.
Body = Callable[[], Iterator[bytes]]


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where the bucket is and who we are there."""

    endpoint: str
    bucket: str
    key: str
    secret: str = dataclasses.field(repr=False)
    region: str = "us-east-1"


def sign(
    place: Place,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    payload: str,
    at: dt.datetime,
) -> dict[str, str]:
    """`headers` with the signature: what goes out with the request. `payload` is the body's SHA-256 in hex.

    `url` is encoded already, its query sorted by name.
    """
    parts = urlsplit(url)
    moment = at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    sent |= {"host": parts.netloc, "x-amz-content-sha256": payload, "x-amz-date": moment}
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = "\n".join((method, parts.path or "/", parts.query, lines, names, payload))
    scope = f"{moment[:8]}/{place.region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signed = hmac.new(
        _signing_key(place, moment[:8]), f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode(), "sha256"
    ).hexdigest()
    sent["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={place.key}/{scope},SignedHeaders={names},Signature={signed}"
    )
    return sent


def _signing_key(place: Place, day: str) -> bytes:
    key = f"AWS4{place.secret}".encode()
    for part in (day, place.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return key


class Bucket:
    """One bucket; safe to share between threads."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._base = f"{place.endpoint.rstrip('/')}/{quote(place.bucket, safe='')}"
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False)

    def put(self, key: str, source: BinaryIO) -> int:
        """See `Store`; `source` can be rewound to where it stands."""
        start = source.tell()
        digest, size = hashlib.sha256(), 0
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)

        def body() -> Iterator[bytes]:
            source.seek(start)
            while chunk := source.read(CHUNK):
                yield chunk

        headers = {"content-length": str(size), "content-type": "application/octet-stream"}
        with self._ask("PUT", self._url(key), headers=headers, payload=digest.hexdigest(), body=body):
            return size

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See `Store`."""
        whole = start == 0 and end is None
        headers = {} if whole else {"range": f"bytes={start}-{'' if end is None else end}"}
        answer = self._sent("GET", self._url(key), headers, EMPTY, None)
        try:
            if answer.status_code >= 300:
                raise _refusal(answer)
            if not whole and answer.status_code != 206:
                raise Unreachable("the store knows no ranges")
        except httpx.HTTPError as error:
            answer.close()
            raise Unreachable("the connection to the store broke") from error
        except BaseException:
            answer.close()
            raise
        return _Streamed(answer)

    def delete(self, key: str) -> None:
        """See `Store`."""
        with contextlib.suppress(Missing), self._ask("DELETE", self._url(key)):
            pass

    def delete_all(self, prefix: str) -> int:
        """See `Store`."""
        removed = 0
        while keys := self._listed(checked_prefix(prefix)):
            for key in keys:
                self.delete(key)
            removed += len(keys)
        return removed

    def _listed(self, prefix: str) -> list[str]:
        """Up to a thousand keys of that beginning."""
        url = f"{self._base}/?list-type=2&prefix={quote(prefix, safe='')}"
        with self._ask("GET", url) as answer:
            answer.read()
        try:
            tree = ElementTree.fromstring(answer.content)
        except ElementTree.ParseError as error:
            raise Unreachable("the store's list cannot be read") from error
        return [
            element.text for element in tree.iter() if element.tag.endswith("}Key") or element.tag == "Key"
            if element.text and element.text.startswith(prefix)
        ]  # fmt: skip

    def _url(self, key: str) -> str:
        return f"{self._base}/{quote(checked(key), safe='/')}"

    @contextlib.contextmanager
    def _ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        payload: str = EMPTY,
        body: Body | None = None,
    ) -> Iterator[httpx.Response]:
        """A good answer, its body still to be read. Raises `Missing`, `Unreachable`. Every verb may be repeated."""
        answer = self._sent(method, url, headers or {}, payload, body)
        try:
            if answer.status_code >= 300:
                raise _refusal(answer)
            yield answer
        except httpx.HTTPError as error:
            raise Unreachable("the connection to the store broke") from error
        finally:
            answer.close()

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], payload: str, body: Body | None
    ) -> httpx.Response:
        trouble: Exception | None = None
        for _again in range(2):  # a connection that the store closed in its idle time is no reason to give up
            signed = sign(
                self.place, method, url, headers=headers, payload=payload, at=dt.datetime.now(dt.UTC)
            )
            content = body() if body is not None else None
            request = self._client.build_request(method, url, headers=signed, content=content)
            try:
                return self._client.send(request, stream=True)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                trouble = error
        raise Unreachable("the store cannot be reached") from trouble


class _Streamed(Iterator[bytes]):
    """An answer's body. `close` gives the connection back, whether all of it was read or nothing."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self._chunks = answer.iter_raw(CHUNK)

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except httpx.HTTPError as error:
            self.close()
            raise Unreachable("the connection to the store broke") from error

    def close(self) -> None:
        self._answer.close()

    __del__ = close


def _refusal(answer: httpx.Response) -> Exception:
    """What a refusal means; its body is a small XML document with a `Code`."""
    answer.read()
    body = answer.content[:4096].decode("utf-8", "replace")
    code = body.partition("<Code>")[2].partition("</Code>")[0]
    if answer.status_code == 404 and code in (_GONE, ""):
        return Missing("the store has no such file")
    return Unreachable(f"the store refused: {code or answer.status_code}")


@functools.cache
def of(place: Place) -> Bucket:
    """The bucket of a place, one for the process."""
    return Bucket(place)


# Sockets of the parent are not a forked child's.
os.register_at_fork(after_in_child=of.cache_clear)
