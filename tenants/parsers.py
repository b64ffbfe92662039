"""How the API reads a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """DRF's, and a body nested deeper than Python can follow is a client's error too."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The decoded body. Raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as deep:
            raise ParseError(_("The JSON is nested too deeply.")) from deep
