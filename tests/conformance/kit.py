"""The conformance kit: how a kind of channel presents itself to the tests that are the same for all.

A kind is described by a `Kind` in `kinds/<kind>.py`, built on the provider's fake (`fakes/`), and its people by a
`Person`. What people can do is named by `DEEDS`; what a kind lacks stands in `lacks` with the reason, and the tests
that need it are skipped with that reason. `having(...)` makes the parameters of a test.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from fakes.server import Answer, Seen
from tests.conformance.post import Letter, Post

# What a person or the account's own side can do on the real wire. `reach` is how somebody turns to the salon first:
# a text, a call, a form.
DEEDS = {
    "reach": "somebody turns to the salon",
    "say": "a person writes a text",
    "send": "the salon answers through the provider",
    "press": "a person presses a button under a message of ours",
    "edit": "a person changes a message",
    "take_back": "a person deletes a message",
    "album": "a person sends several pictures at once",
    "batch": "several events come in one request",
    "own_app": "the owner answers in the provider's own app",
    "hear_us": "our own message comes back as an event",
    "sent": "the provider reports that a message left",
    "delivered": "the provider reports that a message arrived",
    "read": "the provider reports that a message was read",
    "failed": "the provider reports that a message was not delivered",
    "block": "a person stops taking our messages, and tells so",
    "unblock": "a person takes them again",
    "unknown": "an event of a kind that nobody knows comes",
    "storm": "the provider's server has troubles while we send",
    "revoke": "the account's key dies",
    "evidence": "an unknown outcome becomes known",
}

_numbers = itertools.count(int(time.time()) % 100_000 * 1000)


def fresh_number() -> int:
    """A number that no person of this run has; eight digits at most."""
    return next(_numbers) % 90_000_000 + 10_000_000


@dataclasses.dataclass
class Arrived:
    """A message of ours as the provider has it; `raw` is what the fake keeps."""

    text: str
    raw: Any


class Person:
    """Somebody who writes to the account, on the real wire. `chat` is the thread's key, `address` what stands in
    our calls to this person's chat."""

    chat = ""
    address = ""

    def reach(self) -> None:
        """Turns to the salon for the first time."""
        self.say("Здравствуйте")

    def say(self, text: str) -> Any:
        """Writes a text; returns what `edit` and `take_back` name it by."""
        raise NotImplementedError

    def press(self, arrived: Arrived, label: str) -> None:
        """Presses a button under a message of ours."""
        raise NotImplementedError

    def edit(self, handle: Any, text: str) -> None:
        """Changes a message of theirs."""
        raise NotImplementedError

    def take_back(self, handle: Any) -> None:
        """Deletes a message of theirs."""
        raise NotImplementedError

    def album(self) -> None:
        """Sends three pictures at once, the first with the words «Так можно?» where pictures may have words."""
        raise NotImplementedError

    def own_app(self, text: str) -> None:
        """The owner writes to this person in the provider's own app."""
        raise NotImplementedError

    def hear_us(self, arrived: Arrived) -> None:
        """A message of ours comes back as an event."""
        raise NotImplementedError

    def report(self, arrived: Arrived, state: str) -> None:
        """The provider reports on a message of ours: "sent", "delivered", "read" or "failed"."""
        raise NotImplementedError

    def block(self) -> None:
        """Stops taking our messages."""
        raise NotImplementedError

    def unblock(self) -> None:
        """Takes them again."""
        raise NotImplementedError

    def unknown(self) -> None:
        """Makes an event of a kind that nobody knows."""
        raise NotImplementedError

    def got(self) -> list[Arrived]:
        """Messages of ours that arrived, in order."""
        raise NotImplementedError


class Kind:
    """A kind of channel, or one provider of it. An instance lives for one test: `start`, then `person`s."""

    kind: ClassVar[str]
    provider: ClassVar[str] = ""
    # Deed → why this provider has none.
    lacks: ClassVar[Mapping[str, str]] = {}
    # A storm strikes the next message to one person, whatever is sent to others; else simply the next message.
    strikes_one: ClassVar[bool] = True
    settings: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.server: Any = None
        self.stage: Any = None  # where it plays, once it does
        self.hook = ""

    @classmethod
    def name(cls) -> str:
        """What a test's id calls it."""
        return f"{cls.kind}-{cls.provider}" if cls.provider else cls.kind

    @classmethod
    def has(cls, deed: str) -> bool:
        """Whether the kind has a deed."""
        assert deed in DEEDS, deed
        return deed not in cls.lacks

    def start(self) -> dict[str, str]:
        """Starts the fake; returns what PROVIDER_URLS should say."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stops it."""
        if self.server is not None:
            self.server.stop()

    def person(self) -> Person:
        """Somebody new. `hook` is known by then."""
        raise NotImplementedError

    def neighbours_settings(self) -> Mapping[str, str]:
        """The settings of another salon's account at the same provider."""
        return self.settings

    def signed(self, letter: Letter) -> Letter:
        """A letter whose body was changed, with the provider's proof made anew; as it is where that needs none."""
        return letter

    def joined(self, letters: list[Letter]) -> Letter:
        """Several requests of the kind in one ("batch"), signed, with an unreadable item in the middle."""
        raise NotImplementedError

    def storms(self) -> dict[str, Callable[[Person], None]]:
        """What can befall our next message to a person, by name; see `HttpKind.storms`."""
        raise NotImplementedError

    def revoke(self) -> None:
        """The account's key dies."""
        raise NotImplementedError

    def calm(self) -> None:
        """The key lives again, and all troubles are over."""
        raise NotImplementedError


class HttpKind(Kind):
    """A kind whose messages go out by HTTP to a `fakes.server.FakeServer`. `sending` names the call that sends."""

    sending: ClassVar[str]

    def calm(self) -> None:
        """See `Kind`."""
        self.server.calm()
        if hasattr(self.server, "revoked"):
            self.server.revoked.clear()

    def too_many(self, after: int | None) -> Answer:
        """The provider's "not now", with the seconds to wait or without."""
        body: dict[str, Any] = {}
        return Answer(429, body, {} if after is None else {"Retry-After": str(after)})

    def storms(self) -> dict[str, Callable[[Person], None]]:
        """Each befalls one call; those of `EXECUTED` happen after the provider has done it."""
        when = self._when
        return {
            "calm": lambda person: None,
            "flood": lambda person: when(person, self.too_many(1)),
            "flood without a time": lambda person: when(person, self.too_many(None)),
            "down": lambda person: when(person, Answer(502, "<html>gateway</html>")),
            "refused": lambda person: when(person, fault="refuse"),
            "executed, then down": lambda person: when(
                person, self._executed(Answer(502, "<html>gateway</html>"))
            ),
            "executed, then lost": lambda person: when(person, fault="drop"),
            "executed, then reset": lambda person: when(person, fault="reset"),
            "executed, then garbled": lambda person: when(person, fault="garbage"),
            "executed, slowly": lambda person: when(person, self._executed(None, delay=1.0)),
        }

    def is_call(self, seen: Seen, person: Person) -> bool:
        """Whether a call sends a message to this person."""
        if seen.name != self.sending:
            return False
        told = seen.path + "".join(str(value) for value in seen.params().values())
        return person.address in told

    def _when(self, person: Person, answer: Any = None, *, fault: Any = None) -> None:
        self.server.when(lambda seen: self.is_call(seen, person), answer, fault=fault, times=1)

    def _executed(self, instead: Answer | None, *, delay: float = 0.0) -> Callable[[Seen], Answer]:
        def answer(seen: Seen) -> Answer:
            seen.executed = True
            done = self.server.execute(seen)
            return dataclasses.replace(instead or done, delay=delay)

        return answer


def having(*deeds: str) -> pytest.MarkDecorator:
    """Parametrizes a test by every kind; one that lacks a deed is skipped with the reason its adapter gives."""
    from tests.conformance import kinds

    params = []
    for kind in kinds.all_kinds():
        missing = next((deed for deed in deeds if not kind.has(deed)), None)
        marks = [] if missing is None else [pytest.mark.skip(reason=f"{missing}: {kind.lacks[missing]}")]
        params.append(pytest.param(kind, id=kind.name(), marks=marks))
    return pytest.mark.parametrize("kind", params, indirect=True)


__all__ = ["DEEDS", "Arrived", "HttpKind", "Kind", "Letter", "Person", "Post", "fresh_number", "having"]
