"""The letter that a site sends for each of its forms: lines "Name: …", "Phone: …" with a person behind them."""

from __future__ import annotations

import dataclasses
import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from integrations.protocols import attribution
from integrations.protocols.channel import Touch
from kit import phones

_LINE = re.compile(r"([^:\t\n]{1,60}?)\s?(?::|\t|\s[–—-]\s)\s?(\S.{0,4000})?$")
# Long runs of blanks would make the search for a label slow.
_BLANKS, _TABS = re.compile(r"[^\S\t]+"), re.compile(r"\t[\t ]*")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_EMAIL = re.compile(r"[^\s@,;:<>()\"']{1,64}@[^\s@,;:<>()\"']{1,190}\.[^\W\d_]{2,24}")
MOST_LINES = 300


@dataclasses.dataclass(slots=True)
class Form:
    """What a form said. `answers` are the fields without a place of their own."""

    name: str = ""
    phone: str | None = None
    phone_typed: str = ""
    email: str = ""
    message: str = ""
    page: str = ""
    title: str = ""
    answers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    parameters: dict[str, str] = dataclasses.field(default_factory=dict)

    def touch(self) -> Touch | None:
        """Where the person came from, by the tags that the letter repeats."""
        return attribution.of_parameters(self.parameters, page_url=self.page)


@functools.cache
def _roles() -> Mapping[str, str]:
    with (Path(__file__).parent / "words.toml").open("rb") as file:
        return {word: role for role, words in tomllib.load(file).items() for word in words}


def read(text: str, region: str) -> Form | None:
    """The form in a letter's text; None unless it names a phone or an address and one field more."""
    form, fields, open_message = Form(), 0, False
    for raw in text.split("\n")[:MOST_LINES]:
        line = _TABS.sub("\t", _BLANKS.sub(" ", raw[:4100])).strip()
        match = _LINE.match(line)
        label = match[1].strip() if match else ""
        key = _NOT_LETTERS.sub("", label.lower())
        role = _roles().get(key, "") if match else ""
        tag = label.lower().replace(" ", "_")
        if match and (tag in attribution.UTM or tag in attribution.CLICK_IDS):
            form.parameters[tag] = (match[2] or "").strip()
            open_message = False
        elif role:
            _put(form, role, (match[2] or "").strip() if match else "", region)
            fields += 1
            open_message = role == "message"
        elif open_message and line.strip() and not (match and match[2] and len(key) > 1 and len(label) < 25):
            form.message = f"{form.message}\n{line.strip()}".strip()[:10_000]
        elif match and match[2] and key and not label.lower().startswith(("http", "https")):
            form.answers.append((label[:200], match[2].strip()[:1000]))
            open_message = False
    if fields < 2 or not (form.phone or form.phone_typed or form.email):
        return None
    return form


def _put(form: Form, role: str, value: str, region: str) -> None:
    if role == "phone":
        form.phone_typed = form.phone_typed or value[:64]
        form.phone = form.phone or phones.normalise(value, region) or phones.find(value, region)
    elif role == "email":
        found = _EMAIL.search(value[:500])
        form.email = form.email or (found[0].lower() if found else "")
    elif role == "message":
        form.message = f"{form.message}\n{value}".strip()[:10_000]
    elif role == "page":
        form.page = form.page or attribution.address(value.split()[0] if value else "")
    elif role == "form":
        form.title = form.title or value[:200]
    elif role == "name":
        form.name = form.name or value[:255]
