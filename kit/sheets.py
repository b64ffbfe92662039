"""Files for spreadsheets."""

from __future__ import annotations

# A spreadsheet would run a cell that begins so.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
# Without it a spreadsheet takes UTF-8 for its own old letters.
BOM = "\ufeff"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text
