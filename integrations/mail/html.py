"""HTML of a letter as plain text, without scripts, styles and quoted older letters.

A scanner of our own: it looks at every character once, whatever the markup, and knows the few elements by which mail
programs mark a quotation.
"""

from __future__ import annotations

import dataclasses
import html
import re

LONGEST = 1_000_000
_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]{0,20})")
_ATTRIBUTE = re.compile(
    r"([a-zA-Z-]{1,40})\s*=\s*(?:\"([^\"]{0,1000})\"|'([^']{0,1000})'|([^\s\"'>]{1,1000}))"
)
_DROPPED = frozenset({"script", "style", "head", "title", "svg", "object", "template"})
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "tr",
        "table",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "section",
        "hr",
        "pre",
    )
)
_QUOTE_CLASSES = frozenset(
    {"gmail_quote", "yahoo_quoted", "moz-cite-prefix", "mailru-blockquote", "gmail_attr"}
)
# Behind such an element everything is the older letter.
_CUT_IDS = frozenset(
    {"divrplyfwdmsg", "appendonsend", "reply-intro", "mail-editor-reference-message-container"}
)
_BLANKS = re.compile(r"[ \t\r\n\f\xa0\u200b]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Plain:
    """The text, and the ids of pictures that stand in it."""

    text: str
    pictures: frozenset[str]


@dataclasses.dataclass(slots=True)
class _State:
    out: list[str]
    pictures: set[str]
    skipped: str = ""  # the element whose inside is left out …
    depth: int = 0  # … and how many of its kind are open
    link: str = ""
    link_from: int = 0


def plain(markup: str, *, quotes: bool = False) -> Plain:
    """`markup` as text; `quotes` keeps what the writer's program quoted."""
    source = markup[:LONGEST]
    state = _State([], set())
    at = 0
    while at < len(source):
        opening = source.find("<", at)
        if opening < 0:
            _say(state, source[at:])
            break
        _say(state, source[at:opening])
        if source.startswith("<!--", opening):
            end = source.find("-->", opening + 4)
            at = end + 3 if end >= 0 else len(source)
            continue
        closing = source.find(">", opening + 1)
        if closing < 0:
            break
        if not _tag(state, source[opening + 1 : closing], quotes=quotes):
            break
        at = closing + 1
    return Plain(_tidy("".join(state.out)), frozenset(state.pictures))


def _say(state: _State, words: str) -> None:
    if words and not state.skipped:
        # Line ends of the source are only blanks; those of <br> and blocks come from `_tag`.
        state.out.append(_BLANKS.sub(" ", html.unescape(words)))


def _tag(state: _State, tag: str, *, quotes: bool) -> bool:
    """Takes one tag in; False when the rest of the letter is a quotation."""
    match = _NAME.match(tag)
    if not match:
        return True
    name, closes, empty = match[1].lower(), tag.startswith("/"), tag.endswith("/")
    if state.skipped:
        if name == state.skipped and not empty:
            state.depth += -1 if closes else 1
            if state.depth == 0:
                state.skipped = ""
        return True
    told = (
        {} if closes else {m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(tag[:4000])}
    )
    if not closes and not quotes:
        if told.get("id", "").lower() in _CUT_IDS or told.get("data-marker") == "__QUOTED_TEXT__":
            return False
        if _QUOTE_CLASSES.intersection(told.get("class", "").lower().split()) or (
            name == "blockquote" and told.get("type", "").lower() == "cite"
        ):
            state.skipped, state.depth = name, 1
            return True
    if name in _DROPPED:
        if not closes and not empty:
            state.skipped, state.depth = name, 1
        return True
    _shape(state, name, closes, told)
    return True


def _shape(state: _State, name: str, closes: bool, told: dict[str, str]) -> None:
    """What an element that stays means for the text."""
    if name == "br" or name in _BLOCKS:
        state.out.append("\n")
    elif name == "li" and not closes:
        state.out.append("\n- ")
    elif name in ("td", "th") and closes:
        state.out.append("\t")
    elif name == "img" and told.get("src", "").lower().startswith("cid:"):
        state.pictures.add(told["src"][4:].strip("<>")[:200])
    elif name == "a" and not closes:
        state.link, state.link_from = html.unescape(told.get("href", "")), len(state.out)
    elif name == "a" and state.link:
        shown = "".join(state.out[state.link_from :]).strip()
        address = state.link.strip()
        if address.lower().startswith(("http://", "https://")) and address.rstrip("/") != shown.rstrip("/"):
            state.out.append(f" ({address[:1000]})")
        state.link = ""


def _tidy(text: str) -> str:
    """No blanks at the ends of lines, at most one empty line between two."""
    lines = [re.sub(r" *\t[ \t]*", "\t", re.sub(r" {2,}", " ", line)).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
