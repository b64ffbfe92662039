"""Lead forms and shop orders of a community → `FormSubmitted`.

Sources: `lead_forms_new` as vkbottle-types 5.199 reads it, `MarketOrder` of VKCOM/vk-api-schema 5.199.
"""

from __future__ import annotations

from typing import Any

from integrations.errors import ParseError
from integrations.protocols import attribution, values
from integrations.protocols.channel import FormSubmitted, Settings, Touch
from integrations.protocols.values import Json
from kit import phones
from kit.text import storable

# Keys of the questions VK fills in from the profile; every other one is the owner's own.
_NAMES = ("first_name", "patronymic_name", "last_name")
_KNOWN = frozenset((*_NAMES, "phone_number", "email"))


def lead(part: Json, settings: Settings) -> FormSubmitted:
    """A lead form that somebody sent."""
    ident = values.ident(part.get("lead_id"))
    if not ident:
        raise ParseError("a lead without an id")
    told: dict[str, str] = {}
    answers = []
    for answer in values.children(part, "answers"):
        name, said = values.text(answer, "key", 64), _said(answer.get("answer"))
        if name in _KNOWN:
            told.setdefault(name, said)
        elif said:
            answers.append((values.text(answer, "question", 500) or name, said))
    ad = attribution.value(part.get("ad_id"))
    typed = told.get("phone_number", "")[:64]
    return FormSubmitted(
        external_id=f"lead:{ident}",
        provider="vk",
        name=" ".join(filter(None, (told.get(name, "") for name in _NAMES)))[:255],
        phone=_phone(typed, settings),
        phone_typed=typed,
        email=told.get("email", "")[:254],
        messengers=_profile(part),
        answers=tuple(answers),
        touch=Touch(source="vk", medium="cpc" if ad else "lead_form", content=ad),
        form_id=values.ident(part.get("form_id")) or "",
        form_name=values.text(part, "form_name", 255),
    )


def order(part: Json, settings: Settings) -> FormSubmitted:
    """An order in the community's shop."""
    ident = values.ident(part.get("id"))
    if not ident:
        raise ParseError("an order without an id")
    buyer = values.child(part, "recipient")
    typed = (values.text(buyer, "phone") or values.text(part, "phone"))[:64]
    goods = [_item(item) for item in values.children(part, "preview_order_items")]
    facts = (
        ("order", values.text(part, "display_order_id", 64) or ident),
        ("items", "\n".join(filter(None, goods))[:2000]),
        ("total", values.text(values.child(part, "total_price"), "text", 64)),
        ("address", values.text(values.child(part, "delivery"), "address", 500)),
    )
    return FormSubmitted(
        external_id=f"order:{ident}",
        provider="vk",
        name=values.text(buyer, "name", 255),
        phone=_phone(typed, settings),
        phone_typed=typed,
        messengers=_profile(part),
        message=values.text(part, "comment", 4000),
        answers=tuple((name, said) for name, said in facts if said),
        touch=Touch(source="vk", medium="market"),
        form_id="market",
        submitted_at=values.moment(part.get("date")),
    )


def _item(part: Json) -> str:
    title = values.text(part, "title", 255) or values.text(values.child(part, "item"), "title", 255)
    count = values.number(part.get("quantity"))
    return f"{title} × {count}" if title and count else title


def _profile(part: Json) -> dict[str, str]:
    person = values.ident(part.get("user_id"))
    return {"vk": f"https://vk.com/id{person}"} if person and int(person) > 0 else {}


def _said(answer: Any) -> str:
    """An answer as text; several choices come as a list."""
    if isinstance(answer, list):
        return ", ".join(filter(None, (_said(one) for one in answer[:50] if not isinstance(one, list))))[
            :2000
        ]
    if isinstance(answer, str):
        return storable(answer).strip()[:2000]
    return (
        str(answer)
        if isinstance(answer, int) and not isinstance(answer, bool) and abs(answer) < 10**19
        else ""
    )


def _phone(typed: str, settings: Settings) -> str | None:
    return phones.normalise(typed, settings.get("region") or "RU")
