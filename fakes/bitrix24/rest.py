"""The REST door of the fake portal: addresses, who may enter, envelopes."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any

from fakes.bitrix24 import batches, methods
from fakes.bitrix24.ledgers import LONGEST, Ledgers
from fakes.bitrix24.portal import Portal, Refusal, Row
from fakes.server import Answer, Seen

_PATH = re.compile(
    r"/rest/(?:api/)?(?P<user>\d+)/(?P<code>[A-Za-z0-9]+)/(?P<method>[A-Za-z0-9_.]+?)(?:\.json)?/?"
)
_GATEWAY = Answer(504, "<html><body>504 Gateway Time-out</body></html>")


def method_of(seen: Seen) -> str:
    """The method that a request calls, "" when it is none of REST's."""
    found = _PATH.fullmatch(seen.path)
    return found["method"].lower() if found else ""


def methods_of(seen: Seen) -> tuple[str, ...]:
    """The method a request calls, or every method of a batch in its order."""
    method = method_of(seen)
    commands = params_of(seen).get("cmd") if method == "batch" else None
    if isinstance(commands, Mapping):
        return tuple(str(text).partition("?")[0].lower() for text in commands.values())
    return (method,) if method else ()


def params_of(seen: Seen) -> Row:
    """Parameters of a call: JSON with its nesting; of a form only flat fields, as nested ones get lost."""
    given: Row = dict(seen.query)
    if "json" in seen.headers.get("content-type", ""):
        with contextlib.suppress(ValueError):
            parsed = json.loads(seen.body or b"{}")
            given |= parsed if isinstance(parsed, dict) else {}
    else:
        given |= {name: value for name, value in seen.params().items() if "[" not in name}
    return given


class Rest:
    """Answers calls to one portal. What crashes it is kept in `crashes` and answered as a real one would."""

    def __init__(self, portal: Portal, ledgers: Ledgers) -> None:
        self.portal = portal
        self.ledgers = ledgers
        self.crashes: list[Exception] = []

    def answer(self, seen: Seen) -> Answer:
        """One request to `/rest/…`."""
        found = _PATH.fullmatch(seen.path)
        if found is None:
            return Answer(404, "<html><body>404</body></html>")
        method, token = method_of(seen), found["code"]
        started = self.portal.clock.now()
        try:
            sender = seen.headers.get("x-forwarded-for", "")
            result = self._run(method, params_of(seen), token, int(found["user"]), sender)
        except _TooLong:
            return _GATEWAY
        except Refusal as refusal:
            return Answer(refusal.status, {"error": refusal.code, "error_description": refusal.text})
        except Exception as crash:
            self.crashes.append(crash)
            return Answer(
                500, {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}
            )
        finally:
            self.portal.changed()
        return Answer(200, {**result, "time": self._time(started, token, method)})

    def _run(self, method: str, params: Row, token: str, user: int, sender: str) -> Row:
        portal = self.portal
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
