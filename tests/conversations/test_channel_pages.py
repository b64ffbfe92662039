"""The page on which an owner words the text after a missed call."""

from __future__ import annotations

from typing import Any

from conversations import textback
from tests.conftest import Person, Salon
from tests.conversations import facts


def page_of(salon: Salon) -> str:
    return f"/channels/{facts.account(salon, 'telephony').pk}/text-back/"


def choice(salon: Salon) -> textback.Choice:
    with salon.work():
        salon.tenant.refresh_from_db()
        return textback.choice_of(salon.tenant)


def test_it_is_on_in_our_words_until_somebody_says_otherwise(salon: Salon, olga: Person) -> None:
    assert choice(salon) == textback.Choice(on=True, text="", sms_text="")
    html = olga.get(page_of(salon)).content.decode()
    assert "checked" in html
    assert "{business}" in html


def test_own_words_are_kept_and_ours_follow_us(salon: Salon, olga: Person) -> None:
    from django.utils import translation

    url = page_of(salon)
    with translation.override(salon.tenant.language):
        ours = textback.own_text()
    answer = olga.post(url, {"on": "on", "text": ours, "sms_text": "{business}: перезвоним"})
    assert (answer.status_code, answer["Location"]) == (302, url)
    assert choice(salon) == textback.Choice(on=True, text="", sms_text="{business}: перезвоним")
    assert "{business}: перезвоним" in olga.get(url).content.decode()
    olga.post(url, {"text": ours, "sms_text": ""})
    assert choice(salon) == textback.Choice(on=False)


def test_too_long_a_text_is_told(salon: Salon, olga: Person) -> None:
    assert olga.post(page_of(salon), {"on": "on", "sms_text": "я" * 301}).status_code == 422
    assert choice(salon) == textback.Choice()


def test_only_of_a_telephony_and_only_for_owners(
    salon: Salon, olga: Person, masha: Person, boris: Person, client: Any
) -> None:
    assert olga.get(f"/channels/{facts.account(salon, 'webchat').pk}/text-back/").status_code == 404
    url = page_of(salon)
    assert masha.post(url, {"on": ""}).status_code == 403
    assert boris.get(url).status_code == 404
    assert client.get(url).status_code == 302
    assert choice(salon).on
