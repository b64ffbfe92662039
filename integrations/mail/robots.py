"""Who wrote: a person, or a machine that nobody should answer by machine (RFC 3834 and what mail programs do)."""

from __future__ import annotations

import re

from integrations.mail import language
from integrations.mail.letter import Letter

_LOCAL_PARTS = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|robot|notify|notifications?|noanswer|mailer)\b"
)
_SITE_PARTS = re.compile(r"(?:wordpress|www-data|www|site|sait|forms?|tilda|zayavka|webmaster|bitrix|sale)\b")
_AUTOMATIC = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponse", "x-loop")


def reason(letter: Letter) -> str:
    """Why a letter is not a person's own, "" when nothing speaks against it."""
    submitted = letter.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return "an automatic letter (Auto-Submitted)"
    if letter.header("precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "a mass mailing (Precedence)"
    for name in ("list-id", "list-unsubscribe"):
        if letter.header(name):
            return f"a mailing list ({name.title()})"
    suppress = {word.strip().lower() for word in letter.header("x-auto-response-suppress").split(",")}
    if suppress & {"all", "oof", "autoreply"}:
        return "an automatic letter (X-Auto-Response-Suppress)"
    for name in _AUTOMATIC:
        if letter.header(name):
            return f"an automatic letter ({name.title()})"
    if letter.header("return-path").replace(" ", "") == "<>":
        return "an automatic letter (no sender to return to)"
    if letter.header("content-type").lower().startswith("multipart/report"):
        return "a report"
    if letter.header("feedback-id"):
        return "a mass mailing (Feedback-ID)"
    return ""


def is_robot(address: str) -> bool:
    """Does nobody read what is sent to this address?"""
    return bool(_LOCAL_PARTS.match(address))


def is_site(address: str) -> bool:
    """Does this look like the sender of a site's forms?"""
    return is_robot(address) or bool(_SITE_PARTS.match(address))


def answers_automatically(subject: str) -> bool:
    """Is this subject an auto-reply's?"""
    return bool(language.AUTO_SUBJECT.match(subject))
