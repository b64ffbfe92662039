"""`batch` of the fake portal: parses commands as PHP would and puts earlier results into later ones."""

import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from fakes.bitrix24.portal import Refusal, Row

LENGTH = 50
_SECTIONS = ("result", "next", "total", "time", "error")

Run = Callable[[str, Mapping[str, Any]], tuple[Any, Row, Row]]


def run(body: Mapping[str, Any], one: Run) -> Row:
    """All commands in their order; `one` runs a method and gives its result, neighbours and time block.

    A refused command leaves an entry in `result_error`; with `halt` nothing after it is run, what was
    before it stays. Empty sections are lists, as PHP's empty arrays are.
    """
    given = body.get("cmd")
    commands = given if isinstance(given, Mapping) else dict(enumerate(given or []))
    halt = str(body.get("halt") or 0) not in ("0", "", "N", "false", "False")
    sections: dict[str, Row] = {name: {} for name in _SECTIONS}
    for count, (key, text) in enumerate(commands.items()):
        try:
            if count >= LENGTH:
                raise Refusal(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            method, _, query = str(text).partition("#")[0].partition("?")
            if method.lower() == "batch":
                raise Refusal(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
            params = {name: substituted(value, sections) for name, value in parse(query).items()}
            sections["result"][key], around, spent = one(method.lower(), params)
            sections["time"][key] = spent
            for name in ("total", "next"):
                if name in around:
                    sections[name][key] = around[name]
        except Refusal as refusal:
            sections["error"][key] = {"error": refusal.code, "error_description": refusal.text}
            if halt:
                break
    names = {"result": "result"} | {name: f"result_{name}" for name in _SECTIONS[1:]}
    return {shown: _php(sections[name]) for name, shown in names.items()}


def parse(query: str) -> Row:
    """`a[b][0]=1&c=2` as nested arrays, like PHP's parse_str; every value is text."""
    result: Row = {}
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        head, _, rest = name.partition("[")
        path = [head, *re.findall(r"\[([^\]]*)\]", "[" + rest)] if rest else [head]
        here: Any = result
        for step, following in zip(path, [*path[1:], None], strict=True):
            key = step or str(len(here))
            if following is None:
                if not (step == "" and value == ""):  # `a[]=` is how an empty list is said
                    here[key] = value
            else:
                here = here.setdefault(key, {})
    return {key: listed(value) for key, value in result.items()}


def listed(value: Any) -> Any:
    """A PHP array with the keys 0, 1, 2 … as a list."""
    if not isinstance(value, dict):
        return value
    inner = {key: listed(item) for key, item in value.items()}
    return list(inner.values()) if list(inner) == [str(i) for i in range(len(inner))] else inner


_REFERENCE = re.compile(rf"\$({'|'.join(_SECTIONS)})(\S*)", re.IGNORECASE)


def substituted(value: Any, sections: Mapping[str, Any]) -> Any:
    """Values with `$result[key][path]` replaced, anywhere in any text; a path that leads nowhere stops early.

    That last habit is why a missing reference does not become empty but some earlier array.
    """
    if isinstance(value, Mapping):
        return {key: substituted(item, sections) for key, item in value.items()}
    if isinstance(value, list):
        return [substituted(item, sections) for item in value]
    for found in _REFERENCE.finditer(str(value)):
        path = re.findall(r"\[([^\]]+)\]", found[2])
        if not path:
            continue
        here: Any = sections.get(found[1], {})
        for step in path:
            if isinstance(here, list) and step.isdigit() and int(step) < len(here):
                here = here[int(step)]
            elif isinstance(here, Mapping) and step in here:
                here = here[step]
            else:
                break
        if found[0] == value:
            return here
        if isinstance(here, (str, int, float)):
            value = str(value).replace(found[0], str(here))
    return value


def _php(section: Row) -> Any:
    if not section:
        return []
    whole = list(section) == list(range(len(section)))
    return list(section.values()) if whole else section
