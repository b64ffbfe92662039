"""The new words of a letter: without the older letter below them and without the signature.

The rules are those of `language`; where nothing would be left (an answer below or between the quoted lines), the
whole text is kept.
"""

from __future__ import annotations

import re

from integrations.mail import language

LONGEST_LINE = 400
# A signature is short: the same words with more below them begin a paragraph.
SIGNATURE_LINES = 12
_QUOTED_LINE = re.compile(r"\s{0,3}>")


def fresh(text: str, subject: str = "") -> str:
    """What the writer added in this letter. A forwarded letter is kept whole: it is what is meant to be read."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if language.FORWARD_SUBJECT.match(subject):
        return whole
    lines = whole.split("\n")
    end = _quotation(lines)
    if end < len(lines) and language.FORWARDED.match(lines[end][:LONGEST_LINE]):
        return whole
    kept = [line for line in lines[:end] if not _QUOTED_LINE.match(line)]
    said = "\n".join(kept).strip()
    if not said:
        # Answers may stand below the quotation: its lines are marked, the rest is new.
        said = "\n".join(line for line in lines if not _QUOTED_LINE.match(line)).strip()
    return _unsigned(said) or said or whole


def _quotation(lines: list[str]) -> int:
    """The number of the line that announces the older letter, the number of lines when none does."""
    for number, line in enumerate(lines):
        short = line[:LONGEST_LINE]
        if language.FORWARDED.match(short) or language.ORIGINAL.match(short):
            return number
        if language.HEAD.match(short) and any(
            language.HEAD_GOES_ON.match(following[:LONGEST_LINE])
            for following in lines[number + 1 : number + 3]
        ):
            return number
        if any(pattern.match(joined) for joined in _joined(lines, number) for pattern in language.QUOTED):
            return number
    return len(lines)


def _joined(lines: list[str], number: int) -> list[str]:
    """The line, and the line with one and two that follow: programs wrap what announces a quotation."""
    found = [lines[number][:LONGEST_LINE]]
    for following in lines[number + 1 : number + 3]:
        if not following.strip() or not found[-1].strip():
            break
        tail = following.lstrip("> ")[:LONGEST_LINE]
        # An address is cut in the middle: no blank there.
        glue = "" if found[-1].rstrip().endswith("<") else " "
        found.append((found[-1].rstrip() + glue + tail)[:LONGEST_LINE])
    return found


def _unsigned(text: str) -> str:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(lines) - number - 1 <= SIGNATURE_LINES and language.SIGNATURE.match(line[:LONGEST_LINE]):
            return "\n".join(lines[:number]).strip()
    return text
