"""What a channel says beside a message is read in the reader's language."""

from __future__ import annotations

from django.utils import translation

from inbox.templatetags.inbox import noted
from integrations.mail import parse


def test_notes_of_wires_are_translated_sentence_by_sentence() -> None:
    with translation.override("ru"):
        one, other = noted(parse.TOO_LARGE), noted(parse.DANGEROUS)
        assert one != parse.TOO_LARGE
        assert noted(f"{parse.TOO_LARGE} {parse.DANGEROUS}") == f"{one} {other}"


def test_what_has_no_translation_stays_as_it_is() -> None:
    with translation.override("ru"):
        assert noted("Лена. Чат коллег") == "Лена. Чат коллег"
        assert noted("") == ""
