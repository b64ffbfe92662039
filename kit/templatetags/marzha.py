"""The words of every page: money, shares, phones, times, initials, icons. Loaded into all templates by the settings.

Documented with examples in docs/ui.md. The functions may be called from Python too:
`from kit.templatetags import marzha` … `marzha.money(total)`.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import phonenumbers
from django import template
from django.template import loader
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

register = template.Library()

NARROW = "\u202f"  # narrow no-break space: between thousands, before a sign
ABSENT = "\u2013"  # what stands where there is no figure
MINUS = "\u2212"
CURRENCY_SIGNS = {
    "RUB": "\u20bd", "KZT": "\u20b8", "UAH": "\u20b4", "USD": "$", "EUR": "\u20ac", "GBP": "\u00a3", "GEL": "\u20be",
    "AMD": "\u058f", "TRY": "\u20ba", "AZN": "\u20bc", "BYN": "Br",
}  # fmt: skip


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _grouped(number: Decimal, digits: int) -> str:
    """`1234567.5` → `1 234 567,50`, with the language's decimal mark."""
    rounded = abs(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    whole, _, fraction = f"{rounded:,.{digits}f}".partition(".")
    whole = whole.replace(",", NARROW)
    sign = MINUS if number < 0 and (int(whole.replace(NARROW, "")) or int(fraction or 0)) else ""
    mark = formats.get_format("DECIMAL_SEPARATOR", lang=get_language())
    return f"{sign}{whole}{mark}{fraction}" if fraction else f"{sign}{whole}"


# ---------------------------------------------------------------- figures
@register.filter
def number(value: Any, digits: int = 0) -> str:
    """`{{ 12345|number }}` → `12 345`; a dash where there is none."""
    amount = _decimal(value)
    return ABSENT if amount is None else _grouped(amount, digits)


@register.filter
def money(value: Any, currency: str = "RUB") -> str:
    """`{{ total|money }}` → `1 250 ₽`, kopecks only when there are any; a dash where there is no sum.

    `value`: Decimal, or what Decimal reads. `currency`: its ISO 4217 code (`{{ total|money:"KZT" }}`).
    """
    amount = _decimal(value)
    if amount is None:
        return ABSENT
    amount = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    digits = 0 if amount == amount.to_integral_value() else 2
    return f"{_grouped(amount, digits)}{NARROW}{CURRENCY_SIGNS.get(currency, currency)}"


@register.filter
def percent(value: Any, digits: int = 1) -> str:
    """A share of one: `{{ 0.125|percent }}` → `12,5 %`; whole percents lose their zero."""
    share = _decimal(value)
    if share is None:
        return ABSENT
    points = (share * 100).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    digits = 0 if points == points.to_integral_value() else digits
    return f"{_grouped(points, digits)}{NARROW}%"


@register.filter
def minutes(value: Any) -> str:
    """A length: `{{ 90|minutes }}` → `1 h 30 min`. Takes minutes or a timedelta."""
    if value is None or value == "":
        return ABSENT
    total = round(value.total_seconds() / 60) if isinstance(value, dt.timedelta) else int(value)
    hours, rest = divmod(total, 60)
    # Translators: a length of time, hours and minutes shortened
    parts = [gettext("%(count)d h") % {"count": hours}] if hours else []
    if rest or not hours:
        parts.append(gettext("%(count)d min") % {"count": rest})
    return "\u00a0".join(part.replace(" ", "\u00a0") for part in parts)


@register.simple_tag
def plural(count: int, forms: str) -> str:
    """The right one of forms kept as data: `{% plural n "visit|visits" %}`, three forms for Russian (one|few|many).

    For texts of templates use `blocktranslate count`; this is for words that come from an industry template.
    """
    words = forms.split("|")
    n = abs(int(count))
    if len(words) == 3:
        if n % 10 == 1 and n % 100 != 11:
            return words[0]
        return words[1] if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else words[2]
    return words[0] if n == 1 else words[-1]


# ---------------------------------------------------------------- phones
@register.filter
def phone(value: str | None) -> str:
    """E.164 as people write it: `+79131234567` → `+7 913 123-45-67`; what is no number stays as it is."""
    if not value:
        return ""
    try:
        parsed = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def phone_link(value: str | None) -> SafeString | str:
    """The number as a `tel:` link."""
    if not value:
        return ""
    return format_html('<a class="mz-num" href="tel:{}">{}</a>', value, phone(value))


# ---------------------------------------------------------------- times
def _weekdays() -> tuple[str, ...]:
    return (
        pgettext("weekday, short", "Mon"), pgettext("weekday, short", "Tue"), pgettext("weekday, short", "Wed"),
        pgettext("weekday, short", "Thu"), pgettext("weekday, short", "Fri"), pgettext("weekday, short", "Sat"),
        pgettext("weekday, short", "Sun"),
    )  # fmt: skip


def _months() -> tuple[str, ...]:
    return (
        pgettext("month after a day, short", "Jan"), pgettext("month after a day, short", "Feb"),
        pgettext("month after a day, short", "Mar"), pgettext("month after a day, short", "Apr"),
        pgettext("month after a day, short", "May"), pgettext("month after a day, short", "Jun"),
        pgettext("month after a day, short", "Jul"), pgettext("month after a day, short", "Aug"),
        pgettext("month after a day, short", "Sep"), pgettext("month after a day, short", "Oct"),
        pgettext("month after a day, short", "Nov"), pgettext("month after a day, short", "Dec"),
    )  # fmt: skip


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _today(now: dt.datetime | None) -> dt.date:
    return _local(now or timezone.now()).date()


@register.filter
def day(value: dt.date | dt.datetime | None, now: dt.datetime | None = None) -> str:
    """A day in words: `today`, `yesterday`, `tomorrow`, else `Mon, 23 Nov` (with the year when it is another one).

    Times are shown in the active zone, which is the tenant's. `now` is the tenant's clock where it was moved.
    """
    if value is None:
        return ABSENT
    date = _local(value).date() if isinstance(value, dt.datetime) else value
    today = _today(now)
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}.get((date - today).days)
    if near:
        return near
    text = f"{_weekdays()[date.weekday()]}, {date.day}\u00a0{_months()[date.month - 1]}"
    return text if date.year == today.year else f"{text} {date.year}"


@register.filter
def clock(value: dt.datetime | dt.time | None) -> str:
    """The time alone: `15:30`."""
    if value is None:
        return ABSENT
    return (_local(value) if isinstance(value, dt.datetime) else value).strftime("%H:%M")


@register.filter
def when(value: dt.datetime | dt.date | None, now: dt.datetime | None = None) -> str:
    """Day and time: `today, 15:30`, `Mon, 23 Nov, 15:30`; a date alone has no time."""
    if not isinstance(value, dt.datetime):
        return day(value, now)
    return f"{day(value, now)}, {clock(value)}"


@register.filter
def moment(value: dt.datetime | None, now: dt.datetime | None = None) -> SafeString | str:
    """`when` as a <time>; the browser names the salon's zone where the reader's clock differs."""
    if value is None:
        return ABSENT
    return format_html('<time datetime="{}" data-local>{}</time>', value.isoformat(), when(value, now))


@register.filter
def ago(value: dt.datetime | None, now: dt.datetime | None = None) -> SafeString | str:
    """How long ago, as a <time> that the browser keeps true: `5 min ago`; the full time is its hint."""
    if value is None:
        return ABSENT
    distance = (now or timezone.now()) - value
    return format_html(
        '<time datetime="{}" data-ago title="{}">{}</time>',
        value.isoformat(),
        when(value, now),
        since(distance),
    )


def since(distance: dt.timedelta) -> str:
    """A distance backwards in words, for those without scripts: `just now`, `5 min ago`, `3 d ago`."""
    total = int(distance.total_seconds() // 60)
    if total < 1:
        return gettext("just now")
    if total < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", total) % {"count": total}
    if total < 24 * 60:
        hours = total // 60
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    days = total // (24 * 60)
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


@register.simple_tag
def place(starts_at: dt.datetime | dt.time, ends_at: dt.datetime | dt.time | None = None) -> str:
    """Classes that put a visit into the day's calendar (static/css/day.css): 10:00–10:45 → `t-120 n-9`.

    Rows are five minutes; a visit past midnight ends with the day.
    """
    begin = _local(starts_at) if isinstance(starts_at, dt.datetime) else starts_at
    row = (begin.hour * 60 + begin.minute) // 5
    if ends_at is None:
        return f"t-{row}"
    if isinstance(starts_at, dt.datetime) and isinstance(ends_at, dt.datetime):
        length = (ends_at - starts_at).total_seconds() / 60
    else:
        length = (ends_at.hour * 60 + ends_at.minute or 24 * 60) - (begin.hour * 60 + begin.minute)
    return f"t-{row} n-{max(1, min(-(-int(length) // 5), 288 - row))}"


# ---------------------------------------------------------------- people and signs
@register.filter
def initials(name: str | None) -> str:
    """One or two letters: `Anna Petrova` → `AP`; a nameless one gets a question mark."""
    words = [word for word in (name or "").replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def tint(name: str | None) -> int:
    """1…6: the colour that belongs to a name, always the same one."""
    return zlib.crc32((name or "").encode()) % 6 + 1


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """An icon of static/icons.txt: `{% icon "inbox" %}`. Without a label it is decoration, hidden from readers."""
    kind = format_html(" mz-icon--{}", size) if size else mark_safe("")
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="mz-icon{}" {} focusable="false"><use href="{}#{}"/></svg>',
        kind,
        said,
        static("icons.svg"),
        name,
    )


@register.inclusion_tag("ui/avatar.html")
def avatar(name: str | None, channel: str = "", size: str = "") -> dict[str, Any]:
    """`{% avatar contact.name channel="telegram" size="l" %}`: its initials, tinted; the channel's icon beside."""
    return {"name": name or "", "channel": channel, "size": size}


@register.inclusion_tag("ui/badge.html")
def badge(text: str, tone: str = "", sign: str = "") -> dict[str, Any]:
    """`{% badge _("Paid") "gain" "check" %}`: a state in a word; tones: accent, gain, loss, wait, line, none."""
    return {"text": text, "tone": tone, "icon": sign}


# ---------------------------------------------------------------- parts with a body
@register.simple_block_tag
def dialog(content: str, *, id: str, title: str, wide: bool = False, now: bool = False) -> SafeString:
    """`{% dialog id="move" title=_("Move the visit") %}…{% enddialog %}`; opened by `data-dialog-open="move"`.

    `now=True` for one that htmx swaps in: it opens at once and leaves the page when closed.
    """
    rendered = loader.get_template("ui/dialog.html").render(
        {"content": content, "id": id, "title": title, "wide": wide, "now": now}
    )
    return mark_safe(rendered)


@register.filter
def total(values: Iterable[Any]) -> Decimal:
    """The sum of Decimals, for a table's foot."""
    return sum((_decimal(value) or Decimal(0) for value in values), Decimal(0))
