"""How many parts a text is sent and billed in."""

import pytest

from integrations.sms import segments


@pytest.mark.parametrize(
    ("text", "encoding", "parts", "left"),
    [
        ("", "gsm7", 0, 160),
        ("Hello", "gsm7", 1, 155),
        ("a" * 160, "gsm7", 1, 0),
        ("a" * 161, "gsm7", 2, 145),
        ("a" * 306, "gsm7", 2, 0),
        ("a" * 307, "gsm7", 3, 152),
        ("€" * 80, "gsm7", 1, 0),
        ("€" * 81, "gsm7", 2, 143),
        ("@_$ÄÖÜàΩ", "gsm7", 1, 152),
        ("Привет", "ucs2", 1, 64),
        ("я" * 70, "ucs2", 1, 0),
        ("я" * 71, "ucs2", 2, 63),
        ("я" * 134, "ucs2", 2, 0),
        ("я" * 135, "ucs2", 3, 66),
        ("a" * 70 + "№", "ucs2", 2, 63),
        ("`", "ucs2", 1, 69),
        ("😀" * 35, "ucs2", 1, 0),
        ("😀" * 36, "ucs2", 2, 61),
    ],
)
def test_parts(text, encoding, parts, left):
    counted = segments.count(text)
    assert (counted.encoding, counted.parts, counted.left) == (encoding, parts, left)


def test_a_character_of_two_places_is_not_torn():
    # 152 letters leave one place in the first part: the euro sign goes to the next one whole.
    torn = segments.count("a" * 152 + "€" + "a" * 152)
    assert (torn.units, torn.parts) == (306, 3)
    # 66 letters leave one unit: the emoji goes on.
    assert segments.count("я" * 66 + "😀" + "я" * 66).parts == 3


def test_what_is_sent_has_plain_blanks_and_nothing_invisible():
    typed = "Ждём\u00a0вас\u200b завтра\r\n\n\n\nСалон и\u0306"
    assert segments.normalised(typed) == "Ждём вас завтра\n\nСалон й"
