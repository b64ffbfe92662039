"""What VK's error codes mean. Source: `errors.json` of VKCOM/vk-api-schema 5.199.

VK answers with HTTP 200 and `{"error": {"error_code", "error_msg"}}`; a message to several peers has such an error
for each (`{"code", "description"}`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations import errors
from integrations.protocols import values

# Code → seconds until the next try, None where VK names no time; and whether the whole account has to wait.
_LATER: Mapping[int, tuple[float | None, bool]] = {
    1: (None, False),  # unknown error, "try again later"
    6: (1.0, True),  # requests per second
    9: (300.0, False),  # flood control: this person, or this text
    10: (None, False),  # internal error; a repeat is harmless by `random_id`
    22: (None, False),  # the upload server failed
    29: (3600.0, True),  # a method's daily limit
}
_REVOKED = frozenset((5, 27, 1117))
_BLOCKED: Mapping[int, str] = {
    18: "deleted",
    113: "chat_not_found",
    900: "blacklisted",
    901: "not_allowed",
    902: "privacy",
    917: "chat_gone",
    922: "chat_gone",
    925: "chat_gone",
    927: "chat_gone",
    932: "chat_gone",
    936: "chat_not_found",
    945: "chat_gone",
    946: "chat_gone",
    983: "not_accepted",
}
_CONTENT: Mapping[int, str] = {
    100: "bad_parameter",
    114: "bad_file",
    129: "bad_file",
    911: "bad_buttons",
    913: "too_many_forwarded",
    914: "too_long",
    940: "too_many_attachments",
    1150: "bad_file",
    1151: "bad_file",
}
_OTHER: Mapping[int, str] = {
    7: "no_rights",
    14: "captcha",
    15: "no_rights",
    17: "validation",
    203: "no_rights",
    909: "too_old",
    912: "bots_off",
    943: "bad_intent",
    944: "bad_intent",
    950: "window_closed",
    985: "notifications_only",
    2000: "too_many_servers",
}
# What an owner can do about it, where VK's own words do not say.
_WORDS: Mapping[int, str] = {
    7: "the access key lacks a right",
    14: "VK asks for a captcha: open the community in VK once",
    15: "the access key lacks a right",
    27: "the access key is no longer valid",
    203: "the access key lacks a right",
    901: "this person has not allowed messages from the community",
    912: "switch the bot features on in the community's message settings",
    2000: "the community has ten callback addresses already: remove one in its API settings",
}


def of(error: Any) -> Exception:
    """The error that VK's answer stands for, in either of its two forms."""
    part = error if isinstance(error, Mapping) else {}
    code = values.number(part.get("error_code", part.get("code")))
    said = values.text(part, "error_msg", 300) or values.text(part, "description", 300)
    if code is None:
        return errors.Uncertain("VK answered with an error that has no code")
    reason = _WORDS.get(code) or said or f"VK answered with error {code}"
    if code in _LATER:
        after, whole_account = _LATER[code]
        return errors.Retry(after, reason, whole_account=whole_account)
    if code in _REVOKED:
        return errors.Rejected(reason, code="revoked", revoked=True)
    if code in _BLOCKED:
        return errors.Rejected(reason, code=_BLOCKED[code], blocked=True)
    if code in _CONTENT:
        return errors.Rejected(reason, code=_CONTENT[code], content=True)
    return errors.Rejected(reason, code=_OTHER.get(code, "rejected"))
