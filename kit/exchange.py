"""Requests, answers and transport failures: the words in which wires and `kit.http` talk.

A wire's operation is a generator function that yields `Request`s and returns its result (`Call`). It does no input
or output itself, so one code serves threads, asyncio and tests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from kit import safejson

T = TypeVar("T")


class Unreachable(Exception):
    """Nothing was executed: the name did not resolve, the connection was refused or timed out, TLS failed."""

    def __init__(self, reason: str = "unreachable") -> None:
        super().__init__(reason)
        self.reason = reason


class ForbiddenAddress(Unreachable):
    """The address may not be called. One text for every cause: it must not tell an outsider what stands where."""

    def __init__(self) -> None:
        super().__init__("this address may not be called")


class Uncertain(Exception):
    """Perhaps executed: the connection broke or time ran out after the request began to be written."""

    def __init__(self, reason: str = "outcome unknown") -> None:
        super().__init__(reason)
        self.reason = reason


class BadAnswer(Uncertain):
    """An answer arrived that cannot be read: executed or not, it does not say."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request. At most one of `json`, `form`, `content`, `files` is given.

    `form` values and `query` values are strings, numbers or lists of them. `files` maps a field to (file name, bytes,
    MIME type) and may stand with `form`. `timeout` is seconds for the whole exchange, connecting included. `trust`
    names a bundle of `kit.trust`: authorities believed for this request beside the public ones.
    """

    method: str
    url: str
    json: Any = None
    form: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    timeout: float = 10.0
    query: Mapping[str, Any] | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None
    trust: str = ""

    def __repr__(self) -> str:
        # Paths, bodies and headers carry tokens; logs and tracebacks must not.
        host = self.url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]
        return f"<Request {self.method} {host}>"

    def full_url(self) -> str:
        """The address with `query` appended."""
        if not self.query:
            return self.url
        return self.url + ("&" if "?" in self.url else "?") + urlencode(self.query, doseq=True)

    def payload(self) -> tuple[bytes, dict[str, str]]:
        """The body as bytes and the headers that belong to it (the request's own headers win)."""
        headers = {"accept-encoding": "gzip", "user-agent": "Marzha"}
        if self.files is not None:
            body, content_type = _multipart(self.form or {}, self.files)
            headers["content-type"] = content_type
        elif self.json is not None:
            # Lone surrogates would make the encoder raise; providers get the replacement sign instead.
            body = safejson.dumps(self.json)
            headers["content-type"] = "application/json"
        elif self.form is not None:
            body = urlencode(self.form, doseq=True, errors="replace").encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        else:
            body = self.content or b""
        headers.update({name.lower(): value for name, value in self.headers.items()})
        return body, headers


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Response:
    """A whole answer: `headers` with lower-cased names, `body` already unpacked."""

    status: int
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"

    def json(self) -> Any:
        """The body read as JSON; raises `BadAnswer` when it is none."""
        try:
            return safejson.loads(self.body)
        except safejson.Malformed as error:
            raise BadAnswer("the answer is not JSON") from error


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Work:
    """A step over another protocol than HTTP (SMTP, IMAP), done by `do` in a thread of its own.

    `do` has its own deadline, opens connections only to addresses that `kit.guard` allows, and raises `Unreachable`
    or `Uncertain` like an HTTP exchange, or an error of the wire's own. What it returns is the step's answer.
    """

    do: Callable[[], Any]

    def __repr__(self) -> str:
        return f"<Work {self.do.__name__}>"


@dataclasses.dataclass(frozen=True, slots=True)
class Pause:
    """A step that waits for `seconds`, where a provider needs a moment before the next request. Answered by None.

    Only for moments: a `Call` has a minute for everything it does.
    """

    seconds: float


Call = Generator[Any, Any, T]
"""A wire's operation: yields `Request`s (answered by a `Response`), `Work` (answered by its result) and `Pause`s."""


def done(value: T) -> Call[T]:
    """A call that needs no network and gives `value`."""
    yield from ()
    return value


def failed(error: Exception) -> Call[Any]:
    """A call that needs no network and raises `error`."""
    yield from ()
    raise error


def _multipart(form: Mapping[str, Any], files: Mapping[str, tuple[str, bytes, str]]) -> tuple[bytes, str]:
    """A multipart/form-data body (RFC 7578) and its content type."""
    import secrets

    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in form.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        parts += [head.encode(), str(value).encode("utf-8", "replace"), b"\r\n"]
    for name, (file_name, data, mime) in files.items():
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
            f'filename="{_quoted(file_name)}"\r\nContent-Type: {_quoted(mime)}\r\n\r\n'
        )
        parts += [head.encode("utf-8", "replace"), data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _quoted(value: str) -> str:
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
