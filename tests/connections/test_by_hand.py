"""What an owner carries to a provider or to clients stands on the account's page, ready to be copied."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from connections import accounts, addresses
from connections.models import Connection
from integrations.telephony import uis
from tests.conftest import Person, Salon

pytestmark = pytest.mark.usefixtures("db")


def made(salon: Salon, kind: str, account: dict[str, Any] | None = None, **settings: str) -> Connection:
    with salon.work():
        connection = accounts.create(kind, settings=settings)
        if account:
            connection.account |= account
            connection.save(update_fields=["account"])
        return connection


def page(person: Person, connection: Connection) -> str:
    return html.unescape(person.get(f"/channels/{connection.pk}/").content.decode())


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        ("telegram", "https://t.me/omsk_bot"),
        ("vk", "https://vk.me/omsk"),
        ("max", "https://max.ru/omsk_bot"),
        ("whatsapp", "https://wa.me/79131234567"),
        ("instagram", "https://ig.me/m/omsk"),
    ],
)
def test_clients_find_each_messenger_by_its_link(salon: Salon, olga: Person, kind: str, base: str) -> None:
    connection = made(salon, "webchat", {"link_base": base})
    with salon.work():
        Connection.objects.filter(pk=connection.pk).update(kind=kind)
        connection.refresh_from_db()
    assert addresses.public_address(connection) == base
    assert f'href="{base}"' in page(olga, connection)
    with salon.work():
        Connection.objects.filter(pk=connection.pk).update(last_event_at=salon.now())
    shown = page(olga, connection)
    assert f'value="{base}"' in shown
    assert 'data-copy="#public-address"' in shown


def test_a_forms_address_is_none_for_clients(salon: Salon) -> None:
    connection = made(salon, "form", {"link_base": "https://marzha.example/hooks/form/x/"})
    assert addresses.public_address(connection) == ""


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("telephony", {"provider": "mango", "vpbx_api_key": "k", "vpbx_api_salt": "s"}),
        ("telephony", {"provider": "uis"}),
        ("telephony", {"provider": "sipuni"}),
        ("sms", {"provider": "smsc", "login": "salon", "password": "secret"}),
    ],
)
def test_our_address_stands_in_the_open_where_it_is_carried_by_hand(
    salon: Salon, olga: Person, masha: Person, kind: str, settings: dict[str, str]
) -> None:
    connection = made(salon, kind, **settings)
    address = addresses.hook_address(connection)
    shown = page(olga, connection)
    assert f'value="{address}"' in shown
    assert 'data-copy="#hook-url"' in shown
    assert address not in page(masha, connection)  # whoever has it can write into the inbox


def test_instagram_shows_the_token_that_its_page_asks_for(salon: Salon, olga: Person) -> None:
    connection = made(
        salon, "instagram", access_token="IGtoken", app_secret="s", account_id="17841400000000000"
    )
    with salon.work():
        token = accounts.own_settings(connection)["verify_token"]
    assert token
    assert f'value="{token}"' in page(olga, connection)


def test_uis_is_given_the_body_of_each_notification(salon: Salon, olga: Person) -> None:
    shown = page(olga, made(salon, "telephony", provider="uis"))
    for event in uis.EVENTS:
        assert f'data-copy="#body-{event}"' in shown
        start = shown.index('value="', shown.index(f'id="body-{event}"')) + len('value="')
        body = shown[start : shown.index('" readonly', start)]
        filled = re.sub(r"\{\{\w+\}\}", '"x"', body)  # as the provider fills it in
        assert json.loads(filled)["event"] == event
