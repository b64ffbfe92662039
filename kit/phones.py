"""Phone numbers: typed by people, kept as E.164."""

from __future__ import annotations

import re

import phonenumbers

# A typed number with everything people put around it is shorter; longer input is not looked at further.
_LONGEST = 64
_DIGITS = re.compile(r"\d")
# Letters mean words, not a number – save for what marks an extension or a prefix in Russian and English.
_MARKS = re.compile(
    r"^\s*(?:тел|моб|т|tel|mob|phone)?\s*[.:]?\s*|(?:доб|ext|x)\.?\s*\d{1,6}\s*$",  # language data
    re.IGNORECASE,
)
# Candidates in running text: an optional plus, then digits with the usual separators between them.
_IN_TEXT = re.compile(r"(?<![\d+])\+?\d(?:[\s().\u2010-\u2015-]{0,3}\d){9,14}(?!\d)")
_SEARCHED = 4096


def normalise(text: str | None, region: str = "RU") -> str | None:
    """The number in `text` as E.164 (+79131234567), None when there is none.

    Takes 8 913…, 7913…, +7 (913) …, 9131234567 and numbers of other countries with a plus; `region` (ISO 3166) is the
    country of numbers without one. Never raises, never slow.
    """
    if not text or len(text) > _LONGEST:
        return None
    bare = _MARKS.sub("", text.strip())
    count = len(_DIGITS.findall(bare))
    if not 7 <= count <= 18 or any(c.isalpha() for c in bare):
        return None
    if region in ("RU", "KZ"):
        quick = _russian(bare)
        if quick:
            return quick
    for candidate in (bare, "+" + bare.lstrip("+ ")):
        number = _parsed(candidate, region)
        if number:
            return number
    return None


def find(text: str | None, region: str = "RU") -> str | None:
    """The first phone number within running text as E.164, None when there is none. Looks at 4,096 characters."""
    if not text:
        return None
    for match in _IN_TEXT.finditer(text[:_SEARCHED]):
        number = normalise(match[0], region)
        if number:
            return number
    return None


def is_mobile(phone: str) -> bool:
    """Whether a text message may reach this number (E.164): a mobile one, or where a country tells no difference."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return False
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return _russian(phone) == phone or phonenumbers.number_type(number) in mobile


def masked(phone: str | None) -> str:
    """A phone for logs: the last two digits only."""
    return f"…{phone[-2:]}" if phone else ""


def _russian(text: str) -> str | None:
    """Mobile numbers of +7 by their shape: new ranges appear sooner than the library learns of them."""
    digits = "".join(_DIGITS.findall(text))
    if not digits.isascii():
        return None
    plus = text.startswith("+")
    if len(digits) == 10 and digits[0] == "9" and not plus:
        return "+7" + digits
    if len(digits) == 11 and digits[1] == "9" and (digits[0] == "7" or (digits[0] == "8" and not plus)):
        return "+7" + digits[1:]
    return None


def _parsed(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
        if not phonenumbers.is_valid_number(number):
            return None
        number.extension = None
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return None
