"""What SMSC's numbers mean. Sources: smsc.ru/api (error codes, statuses), smscentre.com/api/smpp/errors (reasons)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from integrations import errors

# How long an account rests that asked too often, and one without money, in seconds.
_BLOCKED_IP, _NO_MONEY, _TOO_OFTEN = 600.0, 900.0, 65.0

# `status` of a message; what is left out says nothing new (-3 not found, -2 paused, -1 waiting).
STATES: Mapping[int, Literal["sent", "delivered", "failed"]] = {
    0: "sent",
    1: "delivered",
    2: "delivered",  # read, which only other kinds of message tell
    3: "failed",
    4: "delivered",  # a link in it was opened
    20: "failed",
    22: "failed",
    23: "failed",
    24: "failed",
    25: "failed",
}
STATUS_REASONS: Mapping[int, Any] = {
    3: _("the phone did not come back in time"),
    20: _("the message cannot be delivered"),
    22: _("this is not a phone number"),
    23: _("the message was forbidden: check the sender name and the operator's templates"),
    24: _("the money at the provider is over"),
    25: _("the operator does not take messages for this number"),
}
# `err`, the reason behind statuses 20 to 25.
REASONS: Mapping[int, Any] = {
    1: _("the number does not exist"),
    6: _("the phone is off or out of reach"),
    11: _("the number takes no messages"),
    12: _("the phone or the SIM card is at fault"),
    13: _("the number is blocked by its operator"),
    21: _("the number takes no messages"),
    219: _("the SIM card was replaced: messages from names come through after a day"),
    220: _("the operator's queue is full"),
    239: _("the provider has no way to this number"),
    240: _("the operator did not answer"),
    245: _("the operator did not say what became of it"),
    246: _("the provider's limit is reached"),
    247: _("the provider's limit is reached"),
    248: _("the provider has no way to this number"),
    249: _("this is not a phone number"),
    250: _("this number is forbidden in the provider's settings"),
    251: _("too many messages to this number"),
    252: _("the message is forbidden"),
    253: _("the provider took the message for spam"),
    254: _("the sender name is not registered with the operator"),
    255: _("the operator refused the message"),
}
# Nothing will ever arrive there.
DEAD_NUMBERS = frozenset({1, 11, 21, 249, 250})


def failure(code: int) -> Exception:
    """The error that an answer with `error_code` stands for. Texts of the provider vary; the code alone counts."""
    if code == 2:
        return errors.Rejected(
            str(_("SMSC does not accept the login and password, or our address is not on its list")),
            code="revoked",
            revoked=True,
        )
    if code == 3:
        return errors.Retry(_NO_MONEY, str(_("the money at SMSC is over")), whole_account=True)
    if code == 4:
        return errors.Retry(_BLOCKED_IP, str(_("SMSC has closed its doors for a while")), whole_account=True)
    if code == 6:
        return errors.Rejected(
            str(_("SMSC forbids this text or sender name: register it there")),
            code="forbidden_text",
            content=True,
        )
    if code == 7:
        return errors.Rejected(str(STATUS_REASONS[22]), code="bad_number", blocked=True)
    if code == 8:
        return errors.Rejected(str(STATUS_REASONS[20]), code="undeliverable")
    if code == 9:
        return errors.Retry(_TOO_OFTEN, str(_("SMSC asks for a pause")), whole_account=False)
    if code in (1, 5):
        return errors.Rejected(str(_("SMSC did not understand the request")), code="bad_request")
    return errors.Rejected(f"SMSC: {code}", code="rejected")
