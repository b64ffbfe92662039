"""The REST door of the fake portal: addresses, faults, limits, envelopes."""

import contextlib
import dataclasses
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from fakes.bitrix24 import batches, methods
from fakes.bitrix24.ledgers import LONGEST, Ledgers
from fakes.bitrix24.portal import Portal, Refusal, Row

_PATH = re.compile(
    r"/rest/(?:api/)?(?P<user>\d+)/(?P<code>[A-Za-z0-9]+)/(?P<method>[A-Za-z0-9_.]+?)(?:\.json)?/?"
)
PAGE = b"<html><body>Bad Gateway</body></html>"


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What goes back; `cut` closes the connection instead, as if the answer were lost."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    cut: bool = False


@dataclasses.dataclass(slots=True)
class Fault:
    """A mishap for the next `times` calls (of `method`, where given; a batch counts as all methods in it).

    `kind`: `drop` runs the call and cuts the connection, `cut` cuts it before anything ran, `html` answers a
    page with `status`, `error` answers `code` with `status` (`ran` first runs the call), `redirect` sends to
    `location`, `slow` waits `seconds` and then answers.
    """

    kind: str
    times: int = 1
    method: str = ""
    status: int = 502
    code: str = ""
    text: str = ""
    location: str = ""
    seconds: float = 0.0
    ran: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Logged:
    """A call as it came: `methods` names the method or every method of a batch."""

    at: float
    method: str
    methods: tuple[str, ...]
    params: Any
    status: int
    error: str


class Rest:
    """Answers calls to one portal, one after another as a real one would by its database."""

    def __init__(self, portal: Portal, ledgers: Ledgers) -> None:
        self.portal = portal
        self.ledgers = ledgers
        self.faults: list[Fault] = []
        self.log: list[Logged] = []
        self.crashes: list[Exception] = []
        self.lock = threading.RLock()

    def fault(self, kind: str, **details: Any) -> Fault:
        """Put a mishap in wait; returns it."""
        fault = Fault(kind, **details)
        with self.lock:
            self.faults.append(fault)
        return fault

    def called(self, method: str) -> int:
        """How many times a method ran or was refused, in batches and alone."""
        return sum(entry.methods.count(method) for entry in self.log)

    def answer(self, path: str, headers: Mapping[str, str], body: bytes, sender: str) -> Reply:
        """One HTTP request to `/rest/…`."""
        found = _PATH.fullmatch(urllib.parse.urlsplit(path).path)
        if found is None:
            return Reply(404, b"<html><body>404</body></html>", {"Content-Type": "text/html"})
        method = found["method"].lower()
        params = _params(path, headers, body)
        names = _names(method, params)
        with self.lock:
            fault = self._take_fault(names)
            reply, error = self._reply(found, method, params, fault, sender)
            self.log.append(Logged(self.portal.clock.now(), method, names, params, reply.status, error))
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        return reply

    def _take_fault(self, names: tuple[str, ...]) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and (not fault.method or fault.method in names):
                fault.times -= 1
                return fault
        return None

    def _reply(
        self, found: re.Match[str], method: str, params: Any, fault: Fault | None, sender: str
    ) -> tuple[Reply, str]:
        kind = fault.kind if fault else ""
        if fault and kind == "cut":
            return Reply(0, cut=True), "cut"
        if fault and kind == "redirect":
            return Reply(302, b"", {"Location": fault.location}), "redirect"
        if fault and kind in ("html", "error") and not fault.ran:
            return _mishap(fault), fault.code or "html"
        started = self.portal.clock.now()
        try:
            result = self._run(found, method, params, sender)
        except _TooLong:
            return Reply(504, PAGE, {"Content-Type": "text/html"}), "timeout"
        except Refusal as refusal:
            error = {"error": refusal.code, "error_description": refusal.text}
            reply = Reply(refusal.status, _json(error), {"Content-Type": "application/json"})
            return reply, refusal.code
        except Exception as crash:  # as a real portal would; tests see it in `crashes`
            self.crashes.append(crash)
            error = {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}
            return Reply(500, _json(error), {"Content-Type": "application/json"}), "crash"
        finally:
            self.portal.changed()
        if fault and kind == "drop":
            return Reply(0, cut=True), "drop"
        if fault and kind in ("html", "error"):
            return _mishap(fault), fault.code or "html"
        token = found["code"]
        answer = {**result, "time": self._time(started, token, method)}
        return Reply(200, _json(answer), {"Content-Type": "application/json; charset=utf-8"}), ""

    def _run(self, found: re.Match[str], method: str, params: Any, sender: str) -> Row:
        portal, token, user = self.portal, found["code"], int(found["user"])
        if portal.deleted:
            raise Refusal(500, "PORTAL_DELETED", "Portal was deleted")
        if portal.overload:
            raise Refusal(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload")
        self.ledgers.request(sender)
        if portal.revoked or token != portal.code or user != portal.user_id:
            raise Refusal(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if not portal.plan:
            raise Refusal(403, "ACCESS_DENIED", "REST API is available only on commercial plans")
        if method == "batch":
            return {"result": self._batch(params, token, user)}
        self.ledgers.admit(token, method)
        result, around = methods.call(portal, user, method, params)
        self.ledgers.book(token, method)
        return {"result": result, **around}

    def _batch(self, params: Mapping[str, Any], token: str, user: int) -> Row:
        worked = 0.0

        def one(method: str, values: Mapping[str, Any]) -> tuple[Any, Row, Row]:
            nonlocal worked
            self.ledgers.admit(token, method)
            if worked + self.ledgers.cost(method) > LONGEST:
                raise _TooLong
            started = self.portal.clock.now()
            result, around = methods.call(self.portal, user, method, values)
            self.ledgers.book(token, method)
            worked += self.ledgers.cost(method)
            return result, around, self._time(started, token, method)

        return batches.run(params, one)

    def _time(self, started: float, token: str, method: str) -> Row:
        cost, now = self.ledgers.cost(method), self.portal.clock.now()
        return {
            "start": started,
            "finish": now,
            "duration": round(now - started + cost, 6),
            "processing": cost,
            "date_start": self.portal.moment(started),
            "date_finish": self.portal.moment(now),
            "operating_reset_at": self.ledgers.resets_at(token, method),
            "operating": self.ledgers.operating(token, method),
        }


class _TooLong(Exception):
    """A batch has worked for a minute: the web server cuts it, what ran stays."""


def _mishap(fault: Fault) -> Reply:
    if fault.kind == "html":
        return Reply(fault.status, PAGE, {"Content-Type": "text/html"})
    error = {"error": fault.code, "error_description": fault.text}
    return Reply(fault.status, _json(error), {"Content-Type": "application/json"})


def _params(path: str, headers: Mapping[str, str], body: bytes) -> Any:
    """Parameters of a call: JSON with its nesting; of a form only flat fields, as nested ones get lost."""
    given: Row = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
    if "json" in headers.get("content-type", ""):
        with contextlib.suppress(ValueError):
            parsed = json.loads(body or b"{}")
            given |= parsed if isinstance(parsed, dict) else {}
    elif body:
        pairs = urllib.parse.parse_qsl(body.decode("utf-8", "replace"))
        given |= {name: value for name, value in pairs if "[" not in name}
    return given


def _names(method: str, params: Any) -> tuple[str, ...]:
    commands = params.get("cmd") if method == "batch" else None
    if isinstance(commands, Mapping):
        return tuple(str(text).partition("?")[0].lower() for text in commands.values())
    return (method,)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
