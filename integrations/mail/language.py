"""Language data: how mail programs of Russian and English speakers announce quotations, signatures and robots."""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE
_MAILBOX = r"<[^<>\s]{3,160}>"
_WROTE = r"(?:написал[аи]?(?:\(а\))?|пишет|wrote)"
_DAY = (
    r"(?:\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}\s+[а-яё]{3,9}\.?,?\s+\d{4}(?:\s*г(?:ода|\.)?)?|\d{4}-\d{2}-\d{2}"
    r"|[a-z]{3,9}\.?\s+\d{1,2},?\s+\d{4}|\d{1,2}\s+[a-z]{3,9}\.?,?\s+\d{4})"
)
_WEEKDAY = r"(?:(?:[а-яё]{2,12}|[a-z]{3,9})\.?,?\s+)?"
_MARK = r"^(?:>\s?){0,4}\s*"

# A line (or two or three joined, since programs wrap them) behind which the older letter stands.
QUOTED = (
    # 23.11.2026, 12:00, "Salon" <a@b>:   and the same with weekday and month in words, with "от" before the name
    re.compile(
        _MARK + _WEEKDAY + _DAY + r".{0,80}?(?:,|\sот\s).{0,160}<[^<>\s]{3,160}@[^<>\s]{1,160}>\s*:\s*$",
        _FLAGS,
    ),
    re.compile(_MARK + _WEEKDAY + _DAY + r".{0,250}" + _WROTE + r"\s*:?\s*$", _FLAGS),
    re.compile(_MARK + r"(?:on|le|am)\s.{5,250}\s(?:wrote|écrit|schrieb)\s*.{0,80}:\s*$", _FLAGS),
    re.compile(
        _MARK
        + r"(?:пользователь\s.{1,120}|.{1,120}<[^<>\s]{3,160}>)\s(?:написал[аи]?(?:\(а\))?|wrote)\s*:\s*$",
        _FLAGS,
    ),
    re.compile(r"^_{20,}\s*$"),
)
# "From: …" is a quotation when the line behind it goes on like a letter's head.
HEAD = re.compile(_MARK + r"\*?(?:от|from|от кого)\*?\s*:\*?\s+\S", _FLAGS)
HEAD_GOES_ON = re.compile(_MARK + r"\*?(?:отправлено|дата|sent|кому|to|date|subject|тема)\*?\s*:", _FLAGS)
# Said by the program when the whole older letter is meant to be read.
FORWARDED = re.compile(
    _MARK
    + r"-{2,}\s*(?:пересланное сообщение|пересылаемое сообщение|пересланное письмо|forwarded message)\s*-{0,}",
    _FLAGS,
)
ORIGINAL = re.compile(
    _MARK + r"-{2,}\s*(?:исходное сообщение|оригинальное сообщение|исходное письмо|original message)\s*-{0,}",
    _FLAGS,
)

SIGNATURE = re.compile(
    r"^\s*(?:--\s*|—\s*|отправлено (?:с|из|с помощью) .{1,80}|sent from .{1,60}|get outlook for .{1,40}"
    r"|(?:с уважением|с наилучшими пожеланиями|best regards|kind regards|regards|sincerely)[,.!]?[\w\s.,-]{0,50})\s*$",
    _FLAGS,
)

# A text part that only says where the real letter stands.
STUB = re.compile(
    r"(?:view|read|open|посмотр|просмотр|откр|включите).{0,80}(?:html|browser|браузер)", _FLAGS | re.DOTALL
)

FORWARD_SUBJECT = re.compile(r"^\s*(?:fwd?|пересл|пересылка)(?:\[\d+\])?\s*:", _FLAGS)
REPLY_SUBJECT = re.compile(
    r"^\s*(?:re|fwd?|aw|sv|ответ|отв|ha|на|пересл)(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:\s*", _FLAGS
)

AUTO_SUBJECT = re.compile(
    r"^\s*(?:re\s*:\s*)?(?:автоответ|автоматический ответ|автоматическое уведомление|вне офиса|нет на месте"
    r"|automatic reply|auto[- ]?reply|autoreply|auto[- ]?response|out of (?:the )?office)",
    _FLAGS,
)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|failure|has failed)|returned mail|mail delivery|failure notice"
    r"|недоставлен|не доставлен|не удалось доставить|ошибка доставки",
    _FLAGS,
)
