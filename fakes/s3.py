"""An S3-compatible store: one bucket in memory, addressed by path, that refuses what is not signed for it.

    with FakeS3() as store:
        place = store.place
        store.files["7/a/b"]

It answers PUT, GET with ranges, DELETE and ListObjectsV2 as Amazon's REST reference has them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from fakes.server import Answer, FakeServer, Seen
from kit import s3

_RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z")
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/[^,]+,SignedHeaders=([^,]+),Signature=\w{64}\Z"
)


class FakeS3(FakeServer):
    """`files` maps a key to its bytes; `page` is how many keys a list gives at once."""

    def __init__(self, *, bucket: str = "media", **more: Any) -> None:
        super().__init__(**more)
        self.bucket = bucket
        self.files: dict[str, bytes] = {}
        self.page = 1000

    @property
    def place(self) -> s3.Place:
        """What a client is configured with."""
        return s3.Place(self.url, self.bucket, "fake-key", "fake-secret", "eu-north-1")

    def name_of(self, seen: Seen) -> str:
        return seen.method

    def execute(self, seen: Seen) -> Answer:
        if self._forged(seen):
            seen.executed = False
            return _refusal(403, "SignatureDoesNotMatch")
        bucket, _slash, key = seen.path.removeprefix("/").partition("/")
        if bucket != self.bucket:
            return _refusal(404, "NoSuchBucket")
        match seen.method:
            case "PUT":
                self.files[key] = seen.body
                return Answer(200, b"", {"ETag": f'"{hashlib.md5(seen.body).hexdigest()}"'})
            case "DELETE":
                self.files.pop(key, None)
                return Answer(204)
            case "GET" if not key:
                return self._list(seen.query.get("prefix", ""))
            case "GET":
                return self._get(key, seen.headers.get("range", ""))
        return _refusal(405, "MethodNotAllowed")

    def _get(self, key: str, wanted: str) -> Answer:
        if key not in self.files:
            return _refusal(404, "NoSuchKey")
        content, found = self.files[key], _RANGE.match(wanted)
        if found is None:
            return Answer(200, content)
        start, end = int(found[1]), int(found[2] or len(content) - 1)
        if start >= len(content):
            return _refusal(416, "InvalidRange")
        part = content[start : end + 1]
        return Answer(206, part, {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(content)}"})

    def _list(self, prefix: str) -> Answer:
        keys = sorted(key for key in self.files if key.startswith(prefix))[: self.page]
        rows = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return Answer(
            200, f'<?xml version="1.0"?><ListBucketResult xmlns="{space}">{rows}</ListBucketResult>'
        )

    def _forged(self, seen: Seen) -> bool:
        """Whether the signature is not the one of this very request: its method, address, headers and body."""
        given = seen.headers.get("authorization", "")
        told = _SIGNED.match(given)
        if told is None or hashlib.sha256(seen.body).hexdigest() != seen.headers.get("x-amz-content-sha256"):
            return True
        query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(seen.query.items()))
        url = f"{self.url}{quote(seen.path)}" + (f"?{query}" if query else "")
        at = dt.datetime.strptime(seen.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        right = s3.sign(
            self.place,
            seen.method,
            url,
            headers={name: seen.headers.get(name, "") for name in told[2].split(";")},
            payload=seen.headers["x-amz-content-sha256"],
            at=at,
        )
        return right["authorization"] != given


def _refusal(status: int, code: str) -> Answer:
    return Answer(status, f'<?xml version="1.0"?><Error><Code>{code}</Code></Error>')
