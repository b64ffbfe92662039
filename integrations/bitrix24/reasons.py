"""Every way a portal can fail us, in words for the salon's owner: what it means and what to do."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors

WORDS: dict[str, Any] = {
    "plan": _(
        "Bitrix24 refuses outside programs on this portal's plan (they need a paid plan or the Marketplace "
        "subscription). Marzha keeps all leads and visits itself and fills the portal as soon as it opens."
    ),
    "revoked": _(
        "Bitrix24 does not know this webhook any more: it was deleted, changed or has expired. "
        "Create an inbound webhook again and paste its address."
    ),
    "scope": _("The webhook has no access to CRM. Open it in Bitrix24 and tick “CRM (crm)”."),
    "rights": _(
        "The employee who owns the webhook lacks rights in Bitrix24. An administrator's webhook is best."
    ),
    "context": _("Bitrix24 allows this only to applications, not to a webhook."),
    "confirm": _("Bitrix24 waits until an administrator of the portal confirms this method."),
    "renamed": _("The portal has a new address."),
    "elsewhere": _(
        "The portal sends us to an address that does not look like Bitrix24. We do not follow: "
        "the webhook's secret would go along. Paste the webhook's present address."
    ),
    "deleted": _("The portal is closed or deleted."),
    "address": _(
        "This is not the address of an inbound webhook. It looks like "
        "https://your-portal.bitrix24.ru/rest/1/abcdefgh12345678/"
    ),
    "not_portal": _("No Bitrix24 answers at this address."),
    "https": _("The portal takes calls over https only."),
    "method": _("The portal does not know a method that Marzha needs; a boxed Bitrix24 may be too old."),
    "key_search": _(
        "The portal cannot search by an outside key. Without it Marzha could create doubles, "
        "so it writes nothing."
    ),
    "leads_off": _("The portal works without leads (simple CRM): enquiries go straight into deals."),
    "gone": _("This row was deleted in Bitrix24."),
    "forbidden": _("The webhook's owner may not see this row in Bitrix24."),
    "required": _(
        "Bitrix24 demands a field that Marzha does not fill; make it optional or fill it by a rule."
    ),
    "field": _("Bitrix24 does not accept a value."),
    "arguments": _("Bitrix24 did not understand the call. This is our mistake."),
    "rate": _("Too many calls to the portal at once; the next goes out in a moment."),
    "operating": _(
        "The portal has spent its time for us in these ten minutes; work goes on after the pause."
    ),
    "overload": _(
        "Bitrix24 has blocked outside programs on this portal because of overload. "
        "Only its support can lift this."
    ),
    "no_answer": _("The portal gave no answer; we ask again."),
    "unreachable": _("The portal cannot be reached now; we try again."),
    "uncertain": _(
        "The answer was lost on the way. We look whether the row was created before we try again."
    ),
    "other": _("Bitrix24 refused."),
}


def explain(failure: Exception) -> Any:
    """The lazy text for any failure of this wire."""
    match failure:
        case errors.Rejected(code=code):
            return WORDS.get(code, WORDS["other"])
        case errors.Retry(reason=reason):
            return WORDS.get(reason, WORDS["no_answer"])
        case errors.Uncertain():
            return WORDS["uncertain"]
        case errors.Unreachable():
            return WORDS["unreachable"]
    return WORDS["other"]
