"""Calling a portal: JSON POST only, one request at a time, every answer sorted by what it means.

Whether a repeat is safe depends on the call, so each says it: `repeatable` calls (reads, whole updates)
turn an unknown outcome into `Retry`, creates into `Uncertain`. Nothing here repeats anything by itself.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.bitrix24 import address, answers, batch, limits
from kit import http

TIMEOUT = 65.0
"""Seconds: the portal itself cuts a call after 60, and a later answer may still come through."""
QUICK = 20.0
"""Seconds for calls somebody waits for at a page."""
_HEADERS = {"Accept": "application/json", "User-Agent": "Marzha/1.0"}
_NO_ANSWER = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """One portal by one webhook; cheap to make.

    `trusted` are hosts that a rename may lead to besides the cloud's own.
    """

    where: address.Address
    pace: limits.Pace
    timeout: float = TIMEOUT
    trusted: frozenset[str] = frozenset()

    def call(self, method: str, params: Mapping[str, Any], *, repeatable: bool) -> http.Call[answers.Answer]:
        """One method alone. Nothing in `params` is substituted by the portal, so nothing is guarded."""
        answer = yield from self._post(method, batch.plain(params), (method,), repeatable=repeatable)
        self.pace.spent(self.where.netloc, method, answer.spent)
        return answer

    def together(
        self, commands: Mapping[str, batch.Command], *, halt: bool = False, repeatable: bool
    ) -> http.Call[dict[str, batch.Outcome]]:
        """Up to 50 commands in one request; with `halt` the portal stops at the first error.

        A batch is no transaction: what ran before an error stays. Errors of single commands come back as
        outcomes (`fault` turns one into a failure), only what concerns the whole request is raised.
        """
        body = batch.envelope(commands, halt=halt)
        methods = tuple(dict.fromkeys(command.method for command in commands.values()))
        answer = yield from self._post("batch", body, methods, repeatable=repeatable)
        outcomes = batch.decode(answer.value, list(commands), halt=halt)
        for key, outcome in outcomes.items():
            method = commands[key].method
            if isinstance(outcome, batch.Done):
                self.pace.spent(self.where.netloc, method, outcome.spent)
            elif isinstance(outcome, batch.Failed) and outcome.code.upper() == "OPERATION_TIME_LIMIT":
                self.pace.close(self.where.netloc, method)
        return outcomes

    def fault(
        self, outcome: batch.Failed | batch.Unknown, *, method: str, repeatable: bool
    ) -> errors.Retry | errors.Rejected | errors.Uncertain:
        """The failure that a command's outcome in a batch stands for."""
        if isinstance(outcome, batch.Failed):
            failure = answers.failure(outcome.code, outcome.text, status=None, method=method)
        else:
            failure = answers.OutcomeUnknown("the answer does not mention the command")
        if isinstance(failure, (errors.Retry, errors.Rejected)):
            return failure
        return _open(str(failure), repeatable=repeatable)

    def _post(
        self, method: str, body: Any, methods: tuple[str, ...], *, repeatable: bool
    ) -> http.Call[answers.Answer]:
        self.pace.before(self.where.netloc, methods)
        request = http.Request(
            "POST",
            self.where.method(method),
            json=body,
            headers={**_HEADERS, "X-Request-ID": secrets.token_hex(8)},
            timeout=self.timeout,
        )
        try:
            response = yield request
            return answers.read(response, method=method, where=self.where, trusted=self.trusted)
        except errors.Uncertain as failure:
            raise _open(failure.reason, repeatable=repeatable) from failure
        except answers.OutcomeUnknown as failure:
            if failure.page and repeatable:
                raise errors.Rejected(str(failure), code="not_portal") from failure
            raise _open(str(failure), repeatable=repeatable) from failure
        except errors.Retry as failure:
            if failure.reason == "rate":
                failure.after = self.pace.flooded(self.where.netloc)
            elif failure.reason == "operating":
                for one in methods:
                    failure.after = self.pace.close(self.where.netloc, one)
            raise


def _open(reason: str, *, repeatable: bool) -> errors.Retry | errors.Uncertain:
    return errors.Retry(_NO_ANSWER, "no_answer") if repeatable else errors.Uncertain(reason)
