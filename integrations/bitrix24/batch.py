"""Several Bitrix24 commands in one call: their text, their references to each other, their outcomes.

A command travels as a query string inside JSON (`crm.item.add?fields[title]=…`), percent-encoded once.
The platform replaces `$result[key][path]` inside any value by what an earlier command returned: that is
how a deal gets the id of the contact made a moment before, and why untrusted text is guarded here.
Source: settings/how-to-call-rest-api/batch.md of the vendor's documentation; the substitution and the
list/object quirk as seen in the platform's own code and in real answers.
"""

import dataclasses
import datetime
import decimal
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kit import text

LIMIT = 50
"""Commands the platform runs in one call; the fifty-first gets an error."""

WORD_JOINER = "\u2060"
# The platform looks for these words after a dollar sign, in any case and with nothing required between
# the word and the bracket; `$results[a]` is caught by it as well.
_REFERENCE = re.compile(r"\$(?=result|error|total|next|time)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Ref:
    """What an earlier command of the same batch returned: `Ref("c", "item", "id")`."""

    command: str
    path: tuple[str | int, ...]

    def __init__(self, command: str, *path: str | int) -> None:
        object.__setattr__(self, "command", command)
        object.__setattr__(self, "path", path)

    def __str__(self) -> str:
        return f"$result[{self.command}]" + "".join(f"[{step}]" for step in self.path)


@dataclasses.dataclass(frozen=True, slots=True)
class Command:
    """A method with its parameters; nested lists and mappings become `a[b][0]`."""

    method: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """The command ran. `spent` is its `time` block, empty when the portal sent none."""

    value: Any
    spent: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """The command was refused; `code` may be empty, the portal is careless with it."""

    code: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class NotRun:
    """The chain stopped before this command (`halt`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """The answer says nothing of this command: it may or may not have run."""


Outcome = Done | Failed | NotRun | Unknown


def guard(written: str) -> str:
    """Break every would-be reference in text that people wrote.

    Without it a client who writes `$result[c][item][id]` would read other people's data back. NUL and lone
    surrogates, which no query string can carry, go the same way.
    """
    return _REFERENCE.sub(f"${WORD_JOINER}", text.storable(written))


def plain(value: Any) -> Any:
    """A value as Bitrix24 wants it in JSON: Y/N for booleans, decimals with their own digits."""
    match value:
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case bool():
            return "Y" if value else "N"
        case decimal.Decimal():
            return format(value, "f")
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case str() | int() | float() | None:
            return value
        case Ref():
            return str(value)
        case Sequence():
            return [plain(item) for item in value]
    raise TypeError(f"Bitrix24 cannot be sent a {type(value).__name__}")


def encode(command: Command) -> str:
    """The command's text: `method?a[b]=c`, every value encoded once."""
    pairs = "&".join(f"{name}={value}" for name, value in _pairs(command.params))
    return f"{command.method}?{pairs}" if pairs else command.method


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        yield from _flat(urllib.parse.quote_plus(str(key)), value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Ref):
        yield name, urllib.parse.quote_plus(str(value))
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(f"{name}[{urllib.parse.quote_plus(str(key))}]", item)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for index, item in enumerate(value):
            yield from _flat(f"{name}[{index}]", item)
    elif isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        yield f"{name}[]", ""  # an empty list has to be said, else the field is simply not there
    else:
        sent = plain(value)
        yield name, "" if sent is None else urllib.parse.quote_plus(guard(str(sent)))


def envelope(commands: Mapping[str, Command], *, halt: bool) -> dict[str, Any]:
    """The body of a `batch` call.

    Keys must be words: with bare numbers PHP turns the sections of the answer into lists, and nobody
    can say any more which error belongs to which command.
    """
    if not 0 < len(commands) <= LIMIT:
        raise ValueError(f"a batch holds 1 to {LIMIT} commands, not {len(commands)}")
    for key in commands:
        if not key.isidentifier():
            raise ValueError(f"a batch key is a word, not {key!r}")
    return {"halt": int(halt), "cmd": {key: encode(command) for key, command in commands.items()}}


def decode(result: Any, keys: Sequence[str], *, halt: bool) -> dict[str, Outcome]:
    """What became of every command, from the `result` of a `batch` answer.

    An empty object arrives as `[]`; errors may arrive as a list without keys (after numeric keys):
    they are given to the silent commands in order when their number fits, else those are `Unknown`.
    """
    body = result if isinstance(result, Mapping) else {}
    values = _section(body.get("result"))
    spent = _section(body.get("result_time"))
    errors = _section(body.get("result_error"))
    outcomes: dict[str, Outcome] = {}
    for key in keys:
        if key in errors:
            outcomes[key] = _failed(errors[key])
        elif key in values:
            block = spent.get(key)
            outcomes[key] = Done(values[key], block if isinstance(block, Mapping) else {})
    silent = [key for key in keys if key not in outcomes]
    nameless = body.get("result_error")
    if isinstance(nameless, list) and nameless and len(nameless) == len(silent):
        outcomes.update({key: _failed(error) for key, error in zip(silent, nameless, strict=True)})
    stopped = halt and any(isinstance(outcome, Failed) for outcome in outcomes.values())
    for key in keys:
        outcomes.setdefault(key, NotRun() if stopped else Unknown())
    return {key: outcomes[key] for key in keys}


def _section(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def _failed(error: Any) -> Failed:
    if not isinstance(error, Mapping):
        return Failed("", str(error))
    return Failed(str(error.get("error") or ""), str(error.get("error_description") or ""))
