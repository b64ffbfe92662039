"""Any form at all: fields recognised by their names, everything else kept as an answer line."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from integrations.errors import ParseError
from integrations.forms import fields
from integrations.forms.body import Submission
from integrations.forms.fields import Field
from integrations.protocols import attribution
from integrations.protocols.channel import Fact, FormSubmitted, Ignored, Settings
from kit import phones

_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_IDS = ("submission_id", "submissionId", "idempotency_key", "answer_id", "response_id", "lead_id")
HONEYPOT = "website"


@dataclasses.dataclass(slots=True)
class Reading:
    """What the fields of a form say, while they are read."""

    values: dict[str, str] = dataclasses.field(default_factory=dict)  # role → first value
    answers: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    consent: bool | None = None
    messengers: dict[str, str] = dataclasses.field(default_factory=dict)

    def get(self, role: str) -> str:
        """The value of a role, "" when the form has none."""
        return self.values.get(role, "")


def read(tree: Mapping[str, Any]) -> Reading:
    """Sorts the fields of `tree` by role."""
    reading = Reading()
    for field in fields.flatten(tree):
        _sort(field, reading)
    return reading


def _sort(field: Field, reading: Reading) -> None:
    role = fields.role_of(field)
    if role == "service":
        return
    if role == "consent":
        # One refused tick among several decides: consent is never assumed.
        given = field.value.lower() not in fields.synonyms()["no"]
        reading.consent = given if reading.consent is None else reading.consent and given
        return
    if not field.value:
        return
    if role in fields.MESSENGERS:
        reading.messengers.setdefault(role, field.value[:255])
        return
    if not role or role in reading.values:
        if role and reading.values[role] == field.value:
            return
        reading.answers.append((field.label, field.value))
        return
    reading.values[role] = field.value


def phone_in(reading: Reading, region: str) -> tuple[str | None, str]:
    """(E.164 or None, as typed): the phone field, else a messenger's number, else a value that is or holds one."""
    typed = reading.get("phone")
    number = phones.normalise(typed, region) or phones.find(typed, region)
    if number:
        return number, typed[:255]
    for text in (reading.messengers.get("whatsapp", ""), *(value for _, value in reading.answers)):
        number = phones.normalise(text, region)
        if number:
            return number, (typed or text)[:255]
    number = phones.find(reading.get("message"), region) or phones.find(reading.get("name"), region)
    return number, typed[:255]


def fact(
    tree: Mapping[str, Any],
    settings: Settings,
    headers: Mapping[str, str],
    *,
    provider: str = "generic",
    external_id: str = "",
    cookies: Mapping[str, str] | None = None,
    parameters: Mapping[str, object] | None = None,
    **more: Any,
) -> FormSubmitted:
    """The submission in `tree`; `more` overrides fields of `FormSubmitted`. Raises ParseError without any contact."""
    reading = read(tree)
    region = settings.get("region") or "RU"
    phone, typed = phone_in(reading, region)
    email = fields.email_of(reading.get("email"))
    if reading.get("email") and not email:
        reading.answers.append(("email", reading.get("email")))
    name = " ".join(f"{reading.get('name')} {reading.get('last_name')}".split())[:255]
    message = reading.get("message")
    if not (phone or typed or email or message or name or reading.messengers):
        raise ParseError("no name, phone, e-mail or message in it")
    page = attribution.first(reading.get("page_url"), headers.get("referer", ""))
    touch = attribution.of_parameters(
        {**flat_parameters(tree), **(parameters or {})},
        page_url=page,
        referrer=reading.get("referrer"),
        cookies=cookies,
    )
    told: dict[str, Any] = {
        "external_id": external_id,
        "provider": provider,
        "name": name,
        "phone": phone,
        "phone_typed": typed,
        "email": email,
        "messengers": reading.messengers,
        "message": message,
        "answers": tuple(reading.answers),
        "consent": reading.consent,
        "consent_text": reading.get("consent_text"),
        "page_url": attribution.address(page),
        "touch": touch,
        "form_id": reading.get("form_id")[:128],
        "form_name": reading.get("form_name")[:255],
        "suspicious": _suspicious(name, message),
    }
    return FormSubmitted(**{**told, **more})


def flat_parameters(tree: Mapping[str, Any]) -> dict[str, str]:
    """Tags and click ids of a form: own fields, a nested "utm", or one "utm" text `utm_source=…&…`."""
    found: dict[str, str] = {}
    for key, raw in tree.items():
        low = key.lower()
        if low == "utm" and isinstance(raw, str):
            found.update(attribution.utm_pairs(raw.lstrip("?")))
        elif low == "utm" and isinstance(raw, Mapping):
            for inner, text in raw.items():
                found[f"utm_{str(inner).lower().removeprefix('utm_')}"] = fields.scalar(text)
    for key, raw in tree.items():
        low = key.lower()
        if low in attribution.UTM or low in attribution.CLICK_IDS or low == "_openstat":
            text = fields.scalar(raw[0] if isinstance(raw, list) and raw else raw)
            if text:
                found[low] = text
    return found


def submission_id(
    tree: Mapping[str, Any], headers: Mapping[str, str], settings: Settings | None = None
) -> str:
    """A key of this submission that a repeat carries too, "" when the form sends none.

    The person's contact goes into it: a page that was saved with its `submission_id` sends the same one for
    everybody, and that must not turn all leads but the first into repeats.
    """
    given = next((text for key in _IDS if (text := fields.scalar(tree.get(key)))), "")
    given = (given or headers.get("idempotency-key", "").strip())[:128]
    if not given:
        return ""
    reading = read(tree)
    region = (settings or {}).get("region") or "RU"
    contact = phone_in(reading, region)[0] or fields.email_of(reading.get("email")) or reading.get("name")
    if not contact:
        return given
    return f"{given}:{hashlib.sha256(contact.encode('utf-8', 'replace')).hexdigest()[:10]}"


def matches(submission: Submission) -> bool:
    """Always: the last of the recognisers."""
    return True


def event_id(submission: Submission) -> str | None:
    """See `submission_id`."""
    return submission_id(submission.tree, submission.headers) or None


def facts(submission: Submission, settings: Settings) -> list[Fact]:
    """One submission; a filled honeypot makes it ignored (and visible as such)."""
    trap = settings.get("honeypot") or HONEYPOT
    if fields.scalar(submission.tree.get(trap)):
        return [Ignored("the field that only robots fill in was filled in")]
    return [
        fact(
            submission.tree,
            settings,
            submission.headers,
            external_id=submission_id(submission.tree, submission.headers, settings),
        )
    ]


def _suspicious(name: str, message: str) -> str:
    if _LINK.search(name) or len(_LINK.findall(message)) > 2:
        return "links"
    return ""
