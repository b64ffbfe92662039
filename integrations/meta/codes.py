"""The code of a tracked link inside a prefilled text, for chats whose links can carry nothing else."""

from __future__ import annotations

import re

from integrations.protocols import attribution
from integrations.protocols.channel import Touch

# As our own links write it; the person may change the words around it or delete it.
_CODE = re.compile(r"\(\s*(?:код|code)\s*[:#]?\s*([A-Za-z0-9_-]{1,64})\s*\)", re.IGNORECASE)  # language data
_SEARCHED = 1000


def of_text(text: str) -> Touch | None:
    """The touch of a code in brackets, "(code vk_autumn)"; None when there is none."""
    match = _CODE.search(text[:_SEARCHED])
    return attribution.of_code(match[1]) if match else None


def within(text: str, code: str) -> bool:
    """Would `of_text` find this very code in `text`? A translated greeting could break it."""
    touch = of_text(text)
    return touch is not None and touch.code == code
