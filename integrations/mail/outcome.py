"""What a mail server's refusal means for us.

SMTP answers three digits and often an enhanced code (RFC 3463) in the text; 4xx is "later", 5xx is final. IMAP answers
words, with a response code in brackets (RFC 5530). The reasons are the server's own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from integrations import errors
from kit import http
from kit.exchange import ForbiddenAddress
from kit.mail import Refused, Server, server

T = TypeVar("T")

HOUR = 3600.0
# First pause after "later"; the caller makes it longer with every try.
SOON = 60.0
_ENHANCED = re.compile(r"\b([45]\.\d{1,3}\.\d{1,3})\b")
_LIMIT = re.compile(r"limit|quota exceeded|too many|rate|ratelimit", re.IGNORECASE)
_SPAM = re.compile(r"spam|suspicio|blacklist|blocked using|reputation|policy", re.IGNORECASE)
_NO_ADDRESS = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_NO_USER = re.compile(
    r"unknown user|user unknown|no such user|not found|does not exist|invalid mailbox|no mailbox", re.I
)
_NOT_NOW = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|OVERQUOTA|SERVERBUG|CONTACTADMIN)\]|too many|try again", re.I
)


def address(url: str, protocol: str) -> Server:
    """The server in a setting; raises Rejected with words for the owner."""
    try:
        return server(url, protocol)
    except ValueError as error:
        raise errors.Rejected(f"{protocol.upper()}: {error}", code="bad_url", revoked=True) from None
    except ForbiddenAddress:
        reason = (
            f"{protocol.upper()}: this server may not be called; give its public name and a port with TLS"
        )
        raise errors.Rejected(reason, code="bad_url", revoked=True) from None


def session(do: Callable[[], T], meaning: Callable[[Refused], Exception]) -> http.Call[T]:
    """The result of `do`, a talk with a mail server; a refusal is raised as `meaning` says.

    It is raised here and not in the thread: what a step raises by itself passes the wire's own handlers by.
    """

    def mail_session() -> tuple[list[T], Exception | None]:
        try:
            return [do()], None
        except Refused as refusal:
            return [], meaning(refusal)
        except errors.FAILURES as failure:
            return [], failure

    found, failure = yield http.Work(mail_session)
    if failure is not None:
        raise failure
    result: T = found[0]
    return result


def of_smtp(refused: Refused) -> Exception:
    """The error that an SMTP refusal stands for."""
    code, text = refused.code, refused.text
    found = _ENHANCED.search(text)
    enhanced = found[1] if found else ""
    reason = f"{code} {text}".strip()
    if refused.stage == "login":
        return _login(code, reason)
    if 400 <= code < 500:
        limited = code == 421 or refused.stage in ("greeting", "sender") or bool(_LIMIT.search(text))
        after = HOUR if enhanced in ("4.5.3", "4.7.1") and _LIMIT.search(text) else SOON
        return errors.Retry(after, reason, whole_account=limited)
    if enhanced == "5.4.5" or (refused.stage == "sender" and _LIMIT.search(text)):
        return errors.Retry(HOUR, reason, whole_account=True)  # the day's letters are used up
    if refused.stage == "greeting":
        return errors.Rejected(reason, code="server_refused")
    if refused.stage == "sender":
        return _sender(code, enhanced, reason)
    return (
        _content(code, enhanced, reason) if refused.stage == "letter" else _recipient(code, enhanced, reason)
    )


def of_imap(refused: Refused) -> Exception:
    """The error that an IMAP refusal stands for."""
    reason = refused.text or "refused"
    if _NOT_NOW.search(reason):
        return errors.Retry(300.0, reason, whole_account=True)
    if refused.stage == "login":
        return errors.Rejected(reason, code="auth", revoked=True)
    if refused.stage == "folder":
        return errors.Rejected(reason, code="no_folder", revoked=True)
    return errors.Rejected(reason, code="rejected")


def _login(code: int, reason: str) -> Exception:
    if 400 <= code < 500:
        return errors.Retry(300.0, reason, whole_account=True)
    return errors.Rejected(reason, code="auth", revoked=True)


def _sender(code: int, enhanced: str, reason: str) -> Exception:
    if code in (550, 553) or enhanced in ("5.7.1", "5.1.8", "5.1.7"):
        # The box may send under its own address only: nothing of this account would go out.
        return errors.Rejected(reason, code="sender_not_owned", revoked=True)
    if code == 530:
        return errors.Rejected(reason, code="auth", revoked=True)
    return _content(code, enhanced, reason)


def _recipient(code: int, enhanced: str, reason: str) -> Exception:
    if enhanced == "5.2.2" or (code == 552 and not enhanced):
        return errors.Rejected(reason, code="mailbox_full")
    if enhanced in _NO_ADDRESS or (not enhanced and code in (550, 551, 553) and _NO_USER.search(reason)):
        return errors.Rejected(reason, code="no_such_address", blocked=True)
    if enhanced.startswith("5.7") or _SPAM.search(reason):
        return errors.Rejected(reason, code="policy")
    return errors.Rejected(reason, code="rejected")


def _content(code: int, enhanced: str, reason: str) -> Exception:
    if enhanced in ("5.3.4", "5.2.3") or (code == 552 and enhanced != "5.2.2"):
        return errors.Rejected(reason, code="too_big", content=True)
    if enhanced == "5.2.2":
        return errors.Rejected(reason, code="mailbox_full")
    if enhanced in _NO_ADDRESS:
        return errors.Rejected(reason, code="no_such_address", blocked=True)
    if enhanced.startswith("5.7") or _SPAM.search(reason):
        return errors.Rejected(reason, code="spam", content=True)
    return errors.Rejected(reason, code="rejected")
