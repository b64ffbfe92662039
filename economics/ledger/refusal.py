"""Why a ledger file was not taken."""

from __future__ import annotations


class Refused(Exception):
    """The file contradicts itself or the format; the message names list, id and field. Nothing was written."""

    def __init__(self, where: str, row_id: str, why: str) -> None:
        super().__init__(f"{where} {row_id}: {why}" if row_id else f"{where}: {why}")
