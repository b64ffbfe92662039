"""Failures of a provider in words that say what to do."""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext as _

from integrations.errors import ForbiddenAddress, Rejected, Retry, Uncertain, Unreachable
from kit.http import BadAnswer

# Codes of `Rejected` that mean: the key is right, but it may not do what is asked of it.
RIGHTS = frozenset({"no_rights", "no_access", "not_allowed", "rights", "tariff", "forbidden"})
# The provider tried our own address and got no answer.
OUR_ADDRESS = frozenset({"hook_unreachable", "bad_hook"})


@dataclasses.dataclass(frozen=True)
class Said:
    """A failure: what happened, and what to do about it."""

    title: str
    advice: str

    def __str__(self) -> str:
        return f"{self.title} {self.advice}".strip()


def of(failure: Exception, *, provider: str) -> Said:
    """The words for one of `integrations.errors.FAILURES`."""
    names = {"provider": provider, "reason": _sentence(failure)}
    match failure:
        case Rejected() if failure.revoked:
            return Said(
                _("%(provider)s does not accept this key.") % names,
                _(
                    "Copy it once more, whole and without blanks, or make a new one. %(provider)s says: %(reason)s"
                )
                % names,
            )
        case Rejected() if failure.code in OUR_ADDRESS:
            return Said(
                _("%(provider)s gets no answer at our address.") % names,
                _(
                    "The address of this installation must be reachable from the internet over https. %(reason)s"
                )
                % names,
            )
        case Rejected() if failure.code in RIGHTS:
            return Said(
                _("%(provider)s knows the key, but it lacks rights.") % names,
                _("Give it the rights that the steps name and try again. %(provider)s says: %(reason)s")
                % names,
            )
        case Rejected():
            return Said(
                _("%(provider)s refuses.") % names,
                _("Check what you typed against the steps. %(provider)s says: %(reason)s") % names,
            )
        case Retry():
            return Said(
                _("%(provider)s asks to come later.") % names,
                _("Nothing you typed is lost: try again in %(seconds)s seconds.")
                % {"seconds": max(5, round(failure.after or 30))},
            )
        case ForbiddenAddress():
            return Said(
                _("This address may not be called."),
                _("It must be a public address over https; addresses inside a house are refused."),
            )
        case Unreachable():
            return Said(
                _("%(provider)s cannot be reached from our server right now.") % names,
                _(
                    "This says nothing about your key, and nothing you typed is lost: try again in a minute. If it"
                    " stays so, give a proxy under “More”. (%(reason)s)"
                )
                % names,
            )
        case BadAnswer() | Uncertain():
            return Said(
                _("%(provider)s answered in an unclear way.") % names,
                _("Try again: repeating does no harm. (%(reason)s)") % names,
            )
    return Said(_("Something went wrong on our side."), _("Try again; nothing you typed is lost."))


def _sentence(failure: Exception) -> str:
    return str(getattr(failure, "reason", "") or failure)[:300]
