"""The fake portal as an HTTP server."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from fakes.bitrix24 import page, rest, saved
from fakes.bitrix24.ledgers import Ledgers
from fakes.bitrix24.portal import Portal
from fakes.server import Answer, FakeServer, Fault, Rule, Seen

GATEWAY = "<html><body>502 Bad Gateway</body></html>"


class FakeBitrix24(FakeServer):
    """A running portal: `with FakeBitrix24() as bitrix: … bitrix.webhook_url …`.

    `portal` is its state, `ledgers` its limits, `ledger` every request that came, `on` arranges mishaps.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        state: pathlib.Path | None = None,
    ) -> None:
        super().__init__(latency=latency, host=host, port=port)
        self.portal = Portal()
        if state is not None:
            saved.keep(self.portal, state)
        self.ledgers = Ledgers(self.portal.clock)
        self.rest = rest.Rest(self.portal, self.ledgers)

    @property
    def webhook_url(self) -> str:
        """The address of its inbound webhook."""
        return f"{self.url}/rest/{self.portal.user_id}/{self.portal.code}/"

    # For tests ------------------------------------------------------------------------------------------------

    def on(
        self,
        method: str = "",
        answer: Answer | None = None,
        *,
        fault: Fault | None = None,
        times: int | None = 1,
        ran: bool = False,
    ) -> Rule:
        """A mishap for calls of `method`, alone or in a batch ("" for every call).

        `answer` is given instead of the portal's own; with `ran` the call is executed all the same.
        """

        def after_running(seen: Seen) -> Answer:
            seen.executed = True
            self.execute(seen)
            assert answer is not None
            return answer

        return self.when(
            lambda seen: bool(seen.name) and (not method or method in rest.methods_of(seen)),
            after_running if ran else answer,
            fault=fault,
            times=times,
        )

    def slow(self, method: str, seconds: float) -> Rule:
        """The next call of `method` is executed at once and answered late."""

        def late(seen: Seen) -> Answer:
            seen.executed = True
            return dataclasses.replace(self.execute(seen), delay=seconds)

        return self.when(lambda seen: method in rest.methods_of(seen), late, times=1)

    def called(self, method: str) -> int:
        """How many times a method was run or refused by the portal itself, in batches and alone."""
        return sum(rest.methods_of(seen).count(method) for seen in self.calls())

    # What the portal does -------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        """The REST method; "batch" for a batch, "" for pages."""
        return rest.method_of(seen)

    def execute(self, seen: Seen) -> Answer:
        """REST, the page for people, and a door for other processes under `/_fake/`."""
        if seen.path.startswith("/rest/"):
            return self.rest.answer(seen)
        if seen.path == "/":
            return Answer(200, page.render(self.portal, calls=self._asked()))
        if seen.path == "/style.css":
            return Answer(200, page.STYLE.encode(), {"Content-Type": "text/css"})
        if seen.path == "/_fake/state":
            return Answer(200, self._state())
        if seen.path == "/_fake/script" and seen.method == "POST":
            return self._script(seen.params())
        if seen.path == "/_fake/portal" and seen.method == "POST":
            return self._set(seen.params())
        return Answer(404, "<html><body>404</body></html>")

    def _state(self) -> dict[str, Any]:
        rows = {"leads": self.portal.leads, "deals": self.portal.deals, "contacts": self.portal.contacts}
        return {**rows, "calls": self._asked()}

    def _asked(self) -> int:
        return sum(1 for seen in self.ledger if seen.name)

    def _script(self, given: dict[str, Any]) -> Answer:
        """`{"method", "status"|"fault", "code", "times"}`: a mishap, as `on`."""
        answer = None
        if status := given.get("status"):
            body = {"error": given["code"], "error_description": ""} if given.get("code") else GATEWAY
            answer = Answer(int(status), body)
        self.on(given.get("method", ""), answer, fault=given.get("fault"), times=int(given.get("times", 1)))
        return Answer(200, {"ok": True})

    def _set(self, given: dict[str, Any]) -> Answer:
        """`{"plan": false, "revoked": true, …}`: what the portal as a whole refuses."""
        for name in {"plan", "subscription", "revoked", "overload", "deleted", "mode"} & given.keys():
            setattr(self.portal, name, given[name])
        return Answer(200, {"ok": True})
