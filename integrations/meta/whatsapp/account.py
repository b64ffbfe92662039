"""News of the account itself: templates, quality, restrictions. Only bad news becomes a fact for the owner."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from integrations.meta import values
from integrations.meta.values import Json
from integrations.protocols.channel import AccountChanged, Fact, Ignored

_BAD_TEMPLATE = frozenset(
    ("REJECTED", "PAUSED", "DISABLED", "FLAGGED", "LIMIT_EXCEEDED", "DELETED", "PENDING_DELETION", "LOCKED")
)
_GONE = frozenset(("ACCOUNT_DELETED", "PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"))
_BAD_ACCOUNT = frozenset(("ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "DISABLED_UPDATE"))


def facts(field: str, value: Json) -> list[Fact] | None:
    """The facts of a change of `field`, None when it does not speak of the account."""
    reader = _READERS.get(field)
    return None if reader is None else [reader(value)]


def _warning(reason: str) -> Fact:
    return AccountChanged(state="warning", reason=reason[:500])


def _template(value: Json) -> str:
    name = values.text(value, "message_template_name", 128)
    return f"{name} ({values.text(value, 'message_template_language', 16)})"


def _template_status(value: Json) -> Fact:
    event = values.text(value, "event", 64).upper()
    if event not in _BAD_TEMPLATE:
        return Ignored(f"template {_template(value)}: {event.lower()}")
    info = values.child(value, "rejection_info")
    why = " ".join(
        part
        for part in (
            values.text(info, "reason", 200) or _word(values.text(value, "reason", 64)),
            values.text(info, "recommendation", 200),
        )
        if part
    )
    told = _("The template %(name)s is %(state)s.") % {"name": _template(value), "state": _state(event)}
    return _warning(f"{told} {why}".strip())


def _state(event: str) -> str:
    return {
        "REJECTED": _("rejected"),
        "PAUSED": _("paused"),
        "DISABLED": _("switched off"),
        "FLAGGED": _("about to be switched off"),
    }.get(event, event.lower().replace("_", " "))


def _word(reason: str) -> str:
    return "" if reason in ("", "NONE") else reason.lower().replace("_", " ")


def _template_quality(value: Json) -> Fact:
    score = values.text(value, "new_quality_score", 16).upper()
    if score not in ("YELLOW", "RED"):
        return Ignored(f"template {_template(value)}: quality {score.lower()}")
    return _warning(
        _("Clients like the template %s less and less; if that goes on, WhatsApp will pause it.")
        % _template(value)
    )


def _template_category(value: Json) -> Fact:
    category = values.text(value, "new_category", 32)
    if not category:
        return Ignored(f"template {_template(value)}: another category is proposed")
    return _warning(
        _("WhatsApp moved the template %(name)s to the category %(category)s; the price may differ.")
        % {"name": _template(value), "category": category.lower()}
    )


def _account(value: Json) -> Fact:
    event = values.text(value, "event", 64).upper()
    ban = values.text(values.child(value, "ban_info"), "waba_ban_state", 32).upper()
    if event in _GONE:
        return AccountChanged(
            state="disconnected", reason=_("WhatsApp has taken the account away from the app (%s).") % event
        )
    if event not in _BAD_ACCOUNT or ban == "REINSTATE":
        return Ignored(f"the account: {event.lower() or 'no event'}")
    kinds = [
        values.text(info, "restriction_type", 64).lower().replace("_", " ")
        for info in values.items(value, "restriction_info")[:10]
    ]
    violation = values.text(values.child(value, "violation_info"), "violation_type", 64)
    why = ", ".join(part for part in (*kinds, violation.lower().replace("_", " "), ban.lower()) if part)
    told = _("WhatsApp has restricted the account. Open WhatsApp Manager to see why.")
    return _warning(f"{told} ({why})" if why else told)


def _number_quality(value: Json) -> Fact:
    event, limit = values.text(value, "event", 32).upper(), values.text(value, "current_limit", 32)
    if event not in ("FLAGGED", "DOWNGRADE"):
        return Ignored(f"the number's quality: {event.lower()}, {limit.lower()}")
    return _warning(
        _("WhatsApp rates the number low: clients block it or report its messages (limit: %s).")
        % (limit.lower().replace("_", " ") or "?")
    )


def _number_name(value: Json) -> Fact:
    decision = values.text(value, "decision", 32).upper()
    if decision not in ("REJECTED", "DEFERRED"):
        return Ignored(f"the number's name: {decision.lower()}")
    reason = values.text(value, "rejection_reason", 200)
    return _warning(f"{_('WhatsApp did not approve the display name.')} {_word(reason)}".strip())


def _review(value: Json) -> Fact:
    decision = values.text(value, "decision", 32).upper()
    if decision != "REJECTED":
        return Ignored(f"the account's review: {decision.lower()}")
    return _warning(_("WhatsApp did not approve the account. Open WhatsApp Manager to see why."))


_READERS: dict[str, Callable[[Json], Fact]] = {
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "account_update": _account,
    "account_review_update": _review,
    "phone_number_quality_update": _number_quality,
    "phone_number_name_update": _number_name,
}
