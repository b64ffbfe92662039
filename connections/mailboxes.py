"""Addresses of the mail services that most owners have, so that an e-mail address and a password are enough.

Hosts and ports are the services' published ones for programs; TLS from the first byte, or STARTTLS where it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

ADDRESS, PASSWORD = "address", "mail_password"

# Service -> (IMAP, SMTP) with a place for the login.
_SERVICES: Mapping[str, tuple[str, str]] = {
    "yandex": ("imaps://{login}@imap.yandex.ru:993/INBOX", "smtps://{login}@smtp.yandex.ru:465"),
    "mail.ru": ("imaps://{login}@imap.mail.ru:993/INBOX", "smtps://{login}@smtp.mail.ru:465"),
    "gmail": ("imaps://{login}@imap.gmail.com:993/INBOX", "smtps://{login}@smtp.gmail.com:465"),
    "rambler": ("imaps://{login}@imap.rambler.ru:993/INBOX", "smtps://{login}@smtp.rambler.ru:465"),
    "icloud": ("imaps://{login}@imap.mail.me.com:993/INBOX", "smtp+starttls://{login}@smtp.mail.me.com:587"),
}
_DOMAINS: Mapping[str, str] = {
    **dict.fromkeys(("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "narod.ru"), "yandex"),
    **dict.fromkeys(("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "xmail.ru"), "mail.ru"),
    **dict.fromkeys(("gmail.com", "googlemail.com"), "gmail"),
    **dict.fromkeys(("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"), "rambler"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "icloud"),
}


def known(address: str) -> bool:
    """Whether the servers behind an e-mail address are known by its domain."""
    return _domain(address) in _DOMAINS


def servers(address: str, password: str) -> dict[str, str]:
    """`imap_url` and `smtp_url` of a mailbox; {} for a domain that is not known."""
    service = _DOMAINS.get(_domain(address))
    if service is None or not password:
        return {}
    # App passwords are shown in groups; the blanks are no part of them.
    login = f"{quote(address.strip(), safe='')}:{quote(''.join(password.split()), safe='')}"
    imap, smtp = _SERVICES[service]
    return {"imap_url": imap.format(login=login), "smtp_url": smtp.format(login=login)}


def _domain(address: str) -> str:
    return address.strip().rpartition("@")[2].lower()
