"""Connecting a WhatsApp number, its health, and people who write to it, over real HTTP."""

import pytest

from fakes.meta import FakeMeta
from fakes.meta_state import APP, BUSINESS, NUMBER
from integrations import errors, registry
from integrations.protocols.channel import (
    IdentityChanged,
    MarketingStopped,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Outgoing,
    Receipt,
)
from kit import http
from tests.integrations.meta_door import Door, in_loop
from tests.integrations.wires.whatsapp import WIRE

WHATSAPP = registry.channel("whatsapp")
SETTINGS = WIRE.settings
OBJECT = "whatsapp_business_account"
HOOK = "https://marzha.example/hooks/whatsapp/token/"


@pytest.fixture
def meta(settings):
    with FakeMeta() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


@pytest.fixture
def door():
    with Door(WHATSAPP, SETTINGS) as server:
        yield server


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def test_connecting_checks_the_account_and_registers_the_hook(meta, go):
    connected = go(WHATSAPP.connect(SETTINGS, HOOK))
    assert (connected.external_id, connected.name) == (NUMBER, "Salon")
    assert connected.link_base == "https://wa.me/79990000000"
    assert connected.details == {"phone": "+7 999 000-00-00", "app_id": APP}
    assert connected.settings == {"business_account_id": BUSINESS}
    assert meta.override == {"url": HOOK, "verify_token": "wa_verify"}
    assert meta.app_hooks[OBJECT]["callback_url"] == HOOK
    assert {"messages", "smb_message_echoes", "account_update"} <= set(meta.app_hooks[OBJECT]["fields"])
    assert meta.subscribed == {BUSINESS: ["messages"]}


def test_connecting_again_changes_nothing(meta):
    first = http.run(WHATSAPP.connect(SETTINGS, HOOK))
    hooks = dict(meta.app_hooks)
    assert http.run(WHATSAPP.connect(SETTINGS, HOOK)) == first
    assert meta.app_hooks == hooks
    assert len([call for call in meta.calls("subscriptions") if call.method == "POST"]) == 1


def test_an_app_that_serves_others_keeps_its_address(meta):
    theirs = {"callback_url": "https://platform.example/hook", "fields": ["messages"]}
    meta.app_hooks[OBJECT] = dict(theirs)
    http.run(WHATSAPP.connect(SETTINGS, HOOK))
    assert meta.app_hooks[OBJECT] == theirs
    assert meta.override["url"] == HOOK


def test_fields_that_came_later_are_added(meta):
    meta.app_hooks[OBJECT] = {"callback_url": HOOK, "fields": ["messages"]}
    http.run(WHATSAPP.connect(SETTINGS, HOOK))
    assert "user_preferences" in meta.app_hooks[OBJECT]["fields"]


def test_meta_asks_our_door_before_it_takes_the_address(meta, door):
    meta.tries_hooks = True
    http.run(WHATSAPP.connect(SETTINGS, f"{door.url}/"))
    assert meta.override["url"] == f"{door.url}/"
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.connect({**SETTINGS, "verify_token": "another"}, f"{door.url}/other/"))
    assert refusal.value.code == "hook_unreachable"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"app_secret": "wrong"}, "bad_app_secret"),
        ({"phone_number_id": "999"}, "no_such_account"),
        ({"phone_number_id": "+7 999 000"}, "bad_settings"),
        ({"business_account_id": "salon"}, "bad_settings"),
        ({"app_id": "5"}, "wrong_app"),
        ({"access_token": ""}, "revoked"),
    ],
)
def test_connecting_with_wrong_settings(meta, changed, code):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.connect({**SETTINGS, **changed}, HOOK))
    assert refusal.value.code == code
    assert meta.override == {}


def test_connecting_with_a_dead_token(meta):
    meta.revoked.add(SETTINGS["access_token"])
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.connect(SETTINGS, HOOK))
    assert refusal.value.revoked


def test_the_business_account_is_given_or_found(meta):
    meta.granted = []
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.connect(SETTINGS, HOOK))
    assert refusal.value.code == "no_business_account"
    http.run(WHATSAPP.connect({**SETTINGS, "business_account_id": BUSINESS}, HOOK))
    assert meta.subscribed == {BUSINESS: ["messages"]}


def test_health(meta, go):
    assert go(WHATSAPP.health(SETTINGS, HOOK)).code == "hook"
    go(WHATSAPP.connect(SETTINGS, HOOK))
    assert go(WHATSAPP.health(SETTINGS, HOOK)).ok
    meta.override = {}  # the app's own address is ours too
    assert go(WHATSAPP.health(SETTINGS, HOOK)).ok
    meta.override = {"url": "https://thief.example/secret-path"}
    told = go(WHATSAPP.health(SETTINGS, HOOK))
    assert (told.ok, told.code) == (False, "taken")
    assert "secret-path" not in str(told.reason)


@pytest.mark.parametrize("changed", [{"status": "BANNED"}, {"status": "PENDING"}, {"quality_rating": "RED"}])
def test_a_number_in_trouble(meta, changed):
    http.run(WHATSAPP.connect(SETTINGS, HOOK))
    meta.number |= changed
    told = http.run(WHATSAPP.health(SETTINGS, HOOK))
    assert not told.ok
    assert str(told.reason)


def test_disconnecting_takes_back_our_own_address_only(meta, go):
    go(WHATSAPP.connect(SETTINGS, HOOK))
    go(WHATSAPP.disconnect(SETTINGS, "https://marzha.example/hooks/whatsapp/another/"))
    assert meta.override["url"] == HOOK
    go(WHATSAPP.disconnect(SETTINGS, HOOK))
    assert meta.override == {}
    go(WHATSAPP.disconnect(SETTINGS, HOOK))


# People ------------------------------------------------------------------------------------------------------------


def test_a_talk(meta, door):
    anna = meta.whatsapp_person("79161234567", "Анна", hook=door.url)
    assert anna.come_from_ad("Здравствуйте! (код K7Q2)", headline="Стрижка", ctwa_clid="Afh") == 200
    said = door.last()
    assert (said.chat, said.person.name, said.touch.code) == ("79161234567", "Анна", "K7Q2")
    assert (said.touch.ad.title, said.touch.click_ids) == ("Стрижка", {"ctwa_clid": "Afh"})

    http.run(WHATSAPP.send(SETTINGS, Outgoing(chat=said.chat, text="Ждём", key="out:1")))
    (sent,) = meta.sent_to(said.chat)
    meta.report(sent, "read", hook=door.url)
    assert isinstance(door.last(), Receipt)
    assert (door.last().key, door.last().external_id) == ("out:1", sent["external_id"])

    anna.press(sent, "yes", "Да")
    assert (door.last().button, door.last().reply_to) == ("yes", sent["external_id"])
    anna.send_file(b"picture", "image/jpeg", caption="вот")
    request = http.run(WHATSAPP.locate(SETTINGS, door.last().media[0]))
    assert request.url.startswith(meta.url)
    anna.edit(said.external_id, "Добрый день")
    assert isinstance(door.last(), MessageEdited)
    anna.take_back(said.external_id)
    assert door.last() == MessagesDeleted(chat=said.chat, external_ids=(said.external_id,))
    anna.hear_from_owner("Я на месте")
    assert isinstance(door.last(), OperatorEcho)
    anna.stop_marketing()
    assert isinstance(door.last(), MarketingStopped)
    anna.change_number("79160000001", "RU.NEW")
    assert any(isinstance(fact, IdentityChanged) for fact in door.facts)


def test_a_person_with_a_username_shares_the_phone_when_asked(meta, door):
    anna = meta.whatsapp_person("79161234567", "Анна", hook=door.url, username="anna.k", hides_phone=True)
    anna.say("Здравствуйте")
    assert (door.last().chat, door.last().person.phone) == (anna.bsuid, None)
    http.run(WHATSAPP.send(SETTINGS, Outgoing(chat=anna.bsuid, text="Ваш номер?")))
    assert meta.sent_to(anna.bsuid)[0]["recipient"] == anna.bsuid
    anna.share_phone()
    assert (door.last().chat, door.last().person.phone) == (anna.bsuid, "+79161234567")
    assert isinstance(door.last(), MessageReceived)


def test_strangers_are_not_let_in(meta, door):
    meta.app_secret = "stolen"
    assert meta.whatsapp_person("79161234567", hook=door.url).say("Привет") == 403
    assert door.facts == []
