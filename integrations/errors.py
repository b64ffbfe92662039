"""How a call to an outside system can fail, in the words every room above understands.

A wire returns its result or raises one of `Retry`, `Rejected`, `Unreachable`, `Uncertain`. What they promise about
the outside world is what decides the fate of a row:

| error | was it executed? | what to do |
|---|---|---|
| `Retry(after)` | no, the provider said "not now" | the same call again, not before `after` seconds |
| `Rejected(reason)` | no, and repeating changes nothing | stop; act on `blocked`, `revoked`, `moved_to`, `content` |
| `Unreachable` | no, nothing was written to a socket | again with a back-off |
| `Uncertain` | perhaps | settle by the provider's key or report, else show it to a person |

`ParseError` belongs to the way in: a body that cannot be read. The event stays stored and visible.
"""

from __future__ import annotations

from kit.http import ForbiddenAddress, Uncertain, Unreachable

__all__ = [
    "FAILURES",
    "ForbiddenAddress",
    "ParseError",
    "Rejected",
    "Retry",
    "Uncertain",
    "Unreachable",
]


class Retry(Exception):
    """The provider took nothing and asks to come later.

    `after` is in seconds, None when the provider named no time. `whole_account` is True when the pause concerns
    every call of this account (a flood limit), False when this one call alone.
    """

    def __init__(self, after: float | None = None, reason: str = "", *, whole_account: bool = False) -> None:
        super().__init__(reason or "try later")
        self.after = after
        self.reason = reason or "try later"
        self.whole_account = whole_account


class Rejected(Exception):
    """The provider refused for good; nothing was executed and a repeat would be refused again.

    `reason` is the provider's own text (never a token or an address), `code` a short stable word of ours to act on.
    Permanent facts: `blocked` – this person no longer takes our messages; `revoked` – the account's token is dead,
    the whole connection must be parked and its owner told; `content` – our text or buttons are at fault;
    `moved_to` – the chat lives on under this key, resend there once.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str = "rejected",
        blocked: bool = False,
        revoked: bool = False,
        content: bool = False,
        moved_to: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.blocked = blocked
        self.revoked = revoked
        self.content = content
        self.moved_to = moved_to


class ParseError(ValueError):
    """An incoming body that the wire cannot read; `reason` is a line for the person who will look at it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Everything a `Call` may raise: `except errors.FAILURES as failure:`.
FAILURES = (Retry, Rejected, Unreachable, Uncertain)
