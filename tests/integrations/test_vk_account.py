"""Connecting a community: the code is kept before VK tries the address, and a server VK gave up begins again."""

import pytest

from fakes.server import Answer, FakeServer
from fakes.vk import GROUP, FakeVk
from integrations import errors, registry
from integrations.protocols.channel import HookRequest
from kit import http

VK = registry.channel("vk")
SETTINGS = {
    "group_id": str(GROUP),
    "access_token": "vk1.a.key_of_the_community",
    "secret": "s3cret_s3cret",
    "confirmation": "a1b2c3d4",
}
HOOK = "https://marzha.example/hooks/vk/token/"


@pytest.fixture
def vk(settings):
    with FakeVk() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "vk": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


class Door(FakeServer):
    """Our own door with one account behind it."""

    def __init__(self, settings):
        super().__init__()
        self.settings = settings
        self.refused = []

    def execute(self, seen):
        request = HookRequest(method=seen.method, headers=seen.headers, body=seen.body)
        reply = VK.handshake(self.settings, request)
        if reply is None and not VK.verify(self.settings, request):
            self.refused.append(seen.body)
            return Answer(VK.refused_status)
        reply = reply or VK.acknowledge(self.settings, request)
        return Answer(reply.status, reply.body, reply.headers)


@pytest.fixture
def door():
    with Door(dict(SETTINGS)) as running:
        yield running


def connect(settings=SETTINGS, hook=HOOK):
    return http.run(VK.connect(settings, hook))


def test_the_code_is_asked_for_first_and_the_server_added_once_it_is_kept(vk):
    fresh = {key: value for key, value in SETTINGS.items() if key != "confirmation"}
    first = connect(fresh)
    assert first.settings == {"confirmation": "a1b2c3d4"}
    assert vk.servers == {}
    second = connect({**fresh, **first.settings})
    assert second.settings == first.settings
    assert (second.external_id, second.name) == (str(GROUP), "Salon")
    assert second.link_base == "https://vk.me/salon_omsk"
    assert second.details == {"screen_name": "salon_omsk"}
    (server,) = vk.servers.values()
    assert (server["url"], server["secret_key"], server["title"]) == (HOOK, "s3cret_s3cret", "Marzha")
    assert {"message_new", "message_event", "message_read", "lead_forms_new"} <= set(server["events"])
    assert {"messages": "1", "bots_capabilities": "1"}.items() <= vk.features.items()


def test_vk_tries_the_address_and_finds_the_code_there(vk, door):
    connect(hook=door.url + "/hooks/vk/token/")
    (server,) = vk.servers.values()
    assert server["status"] == "ok"
    anna = vk.person(555001, "Anna")
    assert anna.say("Здравствуйте") == 200
    assert anna.answered == b"ok"


def test_a_forged_event_is_refused_with_403(vk, door):
    forger = vk.person(555001, hook=door.url, secret="guess")
    assert forger.say("Здравствуйте") == 403
    assert len(door.refused) == 1


def test_an_address_without_the_code_is_not_called_connected(vk, door):
    door.settings["confirmation"] = "another"
    with pytest.raises(errors.Rejected) as refusal:
        connect(hook=door.url + "/hooks/vk/token/")
    assert refusal.value.code == "hook_unreachable"


def test_connecting_again_is_harmless(vk, door):
    hook = door.url + "/hooks/vk/token/"
    for _ in range(3):
        connect(hook=hook)
    assert len(vk.servers) == 1
    assert len(vk.calls("groups.addCallbackServer")) == 1
    assert vk.calls("groups.editCallbackServer") == []
    changed = {**SETTINGS, "secret": "another_secret"}
    door.settings = changed
    connect(changed, hook)
    assert [server["secret_key"] for server in vk.servers.values()] == ["another_secret"]


def test_a_code_that_changes_with_every_server_is_told_at_the_end(vk, door):
    """VK may change it: the new one is what the next confirmation will ask for."""
    vk.rotate_code = True
    hook = door.url + "/hooks/vk/token/"
    found = connect(hook=hook)
    assert found.settings == {"confirmation": vk.code} != {"confirmation": "a1b2c3d4"}
    again = connect({**SETTINGS, **found.settings}, hook)
    assert again.settings == found.settings
    assert len(vk.calls("groups.editCallbackServer")) == 0


def test_addresses_of_connections_that_were_are_taken_away(vk):
    strange = {"status": "ok", "secret_key": "", "title": "other"}
    vk.servers[1] = {"id": 1, "url": "https://marzha.example/hooks/vk/old-token/", **strange}
    vk.servers[2] = {"id": 2, "url": "https://other.example/vk/", **strange}
    connect()
    assert sorted(server["url"] for server in vk.servers.values()) == [HOOK, "https://other.example/vk/"]


def test_ten_servers_of_others_leave_no_room(vk):
    for number in range(1, 11):
        vk.servers[number] = {"id": number, "url": f"https://other.example/{number}", "status": "ok"}
    with pytest.raises(errors.Rejected) as refusal:
        connect()
    assert refusal.value.code == "too_many_servers"
    assert "remove one" in refusal.value.reason


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"group_id": "1"}, "wrong_group"),
        ({"group_id": "salon"}, "wrong_group"),
        ({"secret": "a" * 51}, "bad_secret"),
        ({"access_token": "dead"}, "revoked"),
    ],
)
def test_wrong_settings_are_told(vk, change, code):
    vk.revoked.add("dead")
    with pytest.raises(errors.Rejected) as refusal:
        connect({**SETTINGS, **change})
    assert refusal.value.code == code
    assert vk.servers == {}


@pytest.mark.parametrize("right", ["manage", "messages"])
def test_a_key_without_a_right_names_the_right(vk, right):
    vk.rights.remove(right)
    with pytest.raises(errors.Rejected) as refusal:
        connect()
    assert (refusal.value.code, refusal.value.reason) == (
        "no_rights",
        f"the access key lacks rights: {right}",
    )


def test_features_that_cannot_be_switched_on_hinder_nothing(vk):
    vk.refuse(15, "Access denied", method="groups.setSettings")
    connect()
    assert len(vk.servers) == 1


# Health --------------------------------------------------------------------------------------------------------------


def health(hook=HOOK, settings=SETTINGS):
    return http.run(VK.health(settings, hook))


def test_a_server_that_works_is_healthy(vk, door):
    hook = door.url + "/hooks/vk/token/"
    connect(hook=hook)
    assert health(hook).ok
    gone = health("https://elsewhere.example/hooks/vk/token/")
    assert (gone.ok, gone.code) == (False, "hook")


def test_a_server_that_vk_gave_up_is_named_and_tried_again_by_connecting(vk, door):
    hook = door.url + "/hooks/vk/token/"
    connect(hook=hook)
    vk.servers[1]["status"] = "failed"
    told = health(hook)
    assert (told.ok, told.code) == (False, "hook")
    assert "stopped sending" in str(told.reason)
    connect(hook=hook)
    assert health(hook).ok


def test_a_new_code_is_asked_for_before_vk_tries_again(vk, door):
    hook = door.url + "/hooks/vk/token/"
    connect(hook=hook)
    vk.servers[1]["status"] = "failed"
    vk.code = "fffff"
    assert connect(hook=hook).settings == {"confirmation": "fffff"}
    assert vk.servers[1]["status"] == "failed"
    door.settings["confirmation"] = "fffff"
    connect({**SETTINGS, "confirmation": "fffff"}, hook)
    assert health(hook).ok


def test_an_address_that_waits_for_its_confirmation(vk):
    connect()
    assert "not confirmed" in str(health().reason)


def test_a_dead_key_is_a_refusal(vk):
    vk.revoked.add(SETTINGS["access_token"])
    with pytest.raises(errors.Rejected) as refusal:
        health()
    assert refusal.value.revoked


def test_disconnecting_takes_our_server_away_and_no_other(vk):
    connect()
    vk.servers[9] = {"id": 9, "url": "https://other.example/", "status": "ok"}
    for _ in range(2):
        http.run(VK.disconnect(SETTINGS, HOOK))
    assert list(vk.servers) == [9]
