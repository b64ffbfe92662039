"""What the numbers of Graph errors mean, in words that the account's owner understands, and what we do about them.

Sources: developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes and the messenger
platform's "Common Error Codes"; the numbers of WhatsApp agree with the library pywa 4.5.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One error. `word` is our stable code, `text` a lazy English sentence for the owner.

    `after` (seconds) and `whole_account` belong to "later". `detailed` adds the provider's own details to the text;
    `troubles` says that it concerns the whole account, so that its owner must hear of it.
    """

    word: str
    text: Any
    kind: Literal["rejected", "later", "uncertain"] = "rejected"
    blocked: bool = False
    revoked: bool = False
    content: bool = False
    after: float | None = None
    whole_account: bool = False
    detailed: bool = False
    troubles: bool = False


Key = int | tuple[int, int]
"""An error's code, or its code with its subcode: the pair is looked up first."""

Table = Mapping[Key, Meaning]

_MINUTE, _HOUR = 60.0, 3600.0

_REVOKED = Meaning(
    word="revoked",
    text=_(
        "Meta does not accept the access token any more: it has expired or was withdrawn. Make a new one."
    ),
    revoked=True,
)
_PERMISSION = Meaning(
    word="rights",
    text=_(
        "The access token lacks a permission for this. Check the permissions of the app and of the token."
    ),
    troubles=True,
)
_RESTRICTED = Meaning(
    word="restricted",
    text=_("Meta has restricted the account. Open its support page in Meta Business Suite."),
    troubles=True,
)
_WINDOW = Meaning(
    word="window_closed",
    text=_("More than 24 hours have passed since the client's last message."),
)
_UNKNOWN = Meaning(word="unknown", text=_("Meta failed without telling why."), kind="uncertain")
_BUSY = Meaning(word="busy", text=_("Meta is out of service for the moment."), kind="later", after=30.0)
_PARAMETER = Meaning(
    word="bad_parameter", text=_("Meta did not accept the message."), content=True, detailed=True
)
_NO_ACCOUNT = Meaning(
    word="no_such_account",
    text=_("Meta knows no such object, or the access token may not see it. Check the id and the token."),
    detailed=True,
)


def _limit(text: Any, after: float = _MINUTE) -> Meaning:
    return Meaning(word="limit", text=text, kind="later", after=after, whole_account=True)


GRAPH: Table = {
    0: _REVOKED,
    102: _REVOKED,
    190: _REVOKED,
    1: _UNKNOWN,
    2: _BUSY,
    3: _PERMISSION,
    10: _PERMISSION,
    4: _limit(_("Too many calls of the app; the next goes out after a pause."), 5 * _MINUTE),
    17: _limit(_("Too many calls of the account; the next goes out after a pause.")),
    32: _limit(_("Too many calls of the page; the next goes out after a pause.")),
    613: _limit(_("Too many calls; the next goes out after a pause.")),
    100: _PARAMETER,
    (100, 33): _NO_ACCOUNT,
    803: _NO_ACCOUNT,
    368: _RESTRICTED,
    2200: Meaning(
        word="hook_unreachable",
        text=_(
            "Meta could not reach our address to confirm it. Is the site open to the internet over https?"
        ),
        detailed=True,
    ),
}
"""What every part of the Graph API may answer."""


def _template(word: str, text: Any) -> Meaning:
    return Meaning(word=word, text=text, content=True, detailed=True)


WHATSAPP: Table = {
    **GRAPH,
    80007: _limit(_("Too many calls of the WhatsApp account; the next goes out after a pause.")),
    80008: _limit(_("Too many calls of the WhatsApp account; the next goes out after a pause.")),
    130429: _limit(_("Too many messages in a second; the next goes out in a moment."), 5.0),
    131048: Meaning(
        word="spam_limit",
        text=_("WhatsApp holds messages back because clients blocked or reported earlier ones."),
        kind="later",
        after=_HOUR,
        whole_account=True,
        troubles=True,
    ),
    131056: Meaning(
        word="pair_limit",
        text=_("Too many messages to this client in a short time; the next goes out in a moment."),
        kind="later",
        after=6.0,
    ),
    # Concerns only people who did not write first: answers go on, so the account is not paused.
    131064: Meaning(
        word="day_limit",
        text=_("The number has reached its limit of clients it may write to first in a day."),
        kind="later",
        after=6 * _HOUR,
    ),
    131049: Meaning(
        word="marketing_cap",
        text=_("WhatsApp did not deliver it: this client gets enough advertising. Try not before tomorrow."),
    ),
    131050: Meaning(
        word="marketing_stopped", text=_("The client has switched advertising from this number off.")
    ),
    131047: Meaning(
        word="window_closed",
        text=_(
            "More than 24 hours have passed since the client's last message: only a template may be sent."
        ),
    ),
    131026: Meaning(
        word="unreachable",
        text=_("The message cannot be delivered: this number has no WhatsApp, or a very old one."),
        blocked=True,
    ),
    131021: Meaning(word="own_number", text=_("This is the account's own number.")),
    131030: Meaning(
        word="sandbox",
        text=_("A test number writes only to numbers on its list. Add the client's number or a real number."),
    ),
    131008: _PARAMETER,
    131009: _PARAMETER,
    131005: _PERMISSION,
    131051: _template("bad_media", _("WhatsApp does not support this kind of message.")),
    131052: _template("bad_media", _("WhatsApp could not fetch the file.")),
    131053: _template("bad_media", _("WhatsApp did not accept the file.")),
    131062: Meaning(
        word="need_phone", text=_("This message can be sent to a phone number only, and it is not known.")
    ),
    131063: Meaning(
        word="marketing_off",
        text=_("Advertising templates are switched off for this account."),
        troubles=True,
    ),
    131042: Meaning(
        word="payment",
        text=_("WhatsApp cannot charge the account: check the payment method in Meta Business Suite."),
        troubles=True,
    ),
    131031: Meaning(
        word="locked", text=_("WhatsApp has locked the account. Open its support page."), troubles=True
    ),
    130497: Meaning(
        word="country",
        text=_("WhatsApp does not let this account write to people of this country."),
        troubles=True,
    ),
    131037: Meaning(
        word="name_not_approved",
        text=_("The number's display name is not approved yet: see WhatsApp Manager, Phone numbers."),
        troubles=True,
    ),
    131045: Meaning(
        word="not_registered",
        text=_("The number is not registered with the Cloud API: register it in WhatsApp Manager."),
        troubles=True,
    ),
    133010: Meaning(
        word="not_registered",
        text=_("The number is not registered with the Cloud API: register it in WhatsApp Manager."),
        troubles=True,
    ),
    # "Message failed to send": WhatsApp says of these that nothing went out.
    131000: Meaning(
        word="busy", text=_("WhatsApp failed to send it for a reason unknown."), kind="later", after=_MINUTE
    ),
    131016: Meaning(
        word="busy", text=_("WhatsApp is out of service for the moment."), kind="later", after=_MINUTE
    ),
    131057: Meaning(
        word="maintenance",
        text=_("WhatsApp keeps the number out of service for maintenance, mostly for some minutes."),
        kind="later",
        after=5 * _MINUTE,
        whole_account=True,
    ),
    133004: Meaning(
        word="busy", text=_("WhatsApp is out of service for the moment."), kind="later", after=_MINUTE
    ),
    135000: Meaning(
        word="busy", text=_("WhatsApp failed to send it for a reason unknown."), kind="later", after=_MINUTE
    ),
    130472: Meaning(
        word="experiment",
        text=_("WhatsApp keeps advertising from this client as part of an experiment."),
    ),
    137000: Meaning(word="identity", text=_("The client's phone or WhatsApp has changed.")),
    132000: _template("bad_template", _("The template has another number of places than values were given.")),
    132001: _template("no_template", _("WhatsApp has no approved template of this name in this language.")),
    132005: _template("bad_template", _("With these values the template is too long.")),
    132007: _template("bad_template", _("The template breaks WhatsApp's rules.")),
    132008: _template("bad_template", _("A value of the template is not allowed.")),
    132012: _template("bad_template", _("A value of the template has the wrong form.")),
    132015: _template("template_paused", _("WhatsApp paused the template because clients did not like it.")),
    132016: _template("template_disabled", _("WhatsApp switched the template off for good.")),
    # Making templates: the code is 100, the subcode tells.
    (100, 2388023): _template(
        "template_name", _("A template of this name is being deleted; wait or rename.")
    ),
    (100, 2388024): _template("template_exists", _("There is a template of this name in this language.")),
    (100, 2388293): _template("template_places", _("The template has too many places for so little text.")),
    (100, 2388299): _template("template_places", _("A template neither begins nor ends with a place.")),
}
"""Of the WhatsApp Cloud API; the same numbers stand in failed statuses."""


INSTAGRAM: Table = {
    **GRAPH,
    (10, 2534022): _WINDOW,
    (10, 2018278): _WINDOW,
    (100, 2534014): Meaning(
        word="unreachable", text=_("This person cannot be written to any more."), blocked=True
    ),
    (100, 2018001): Meaning(
        word="unreachable", text=_("This person cannot be written to any more."), blocked=True
    ),
    551: Meaning(
        word="unreachable",
        text=_("This person is not available: they blocked the account or left Instagram."),
        blocked=True,
    ),
    (200, 1545041): Meaning(
        word="unreachable",
        text=_("This person is not available: they blocked the account or left Instagram."),
        blocked=True,
    ),
    230: Meaning(word="no_consent", text=_("The person has not agreed to show their profile.")),
    10900: Meaning(word="comment_closed", text=_("This comment has been answered in private before.")),
    10903: Meaning(word="comment_closed", text=_("This comment cannot be answered in private any more.")),
}
"""Of Instagram messaging."""


def find(table: Table, code: int, subcode: int = 0) -> Meaning | None:
    """The meaning of an error, None when the table does not know it."""
    found = table.get((code, subcode)) or table.get(code)
    if found is None and 200 <= code < 300:
        return _PERMISSION
    return found
