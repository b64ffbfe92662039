"""An owner connects a channel by themselves: steps, a pasted key, checks one after another, and nothing typed lost."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database

from connections import accounts, catalogue, kinds, mailboxes
from connections.hooks import Door
from connections.models import Connection, Errand, InboundEvent
from fakes.telegram import FakeTelegram
from integrations import registry
from tests import asgi
from tests.conftest import Person, Salon
from tests.connections import stage, telegram
from tests.connections.stage import TOKEN, fresh
from work import sweep

pytestmark = pytest.mark.usefixtures("live_db")
_updates = itertools.count(1)


def carry() -> None:
    """The errands are carried out to their end."""
    queue = sweep.queue("errands")
    while sweep.run(queue) or (queue.wait and queue.wait()):
        pass


def html(answer: Any) -> str:
    """The page without its line breaks."""
    return " ".join(answer.content.decode().split())


def only(salon: Salon, kind: str = "telegram") -> Connection:
    with salon.work():
        return Connection.objects.get(kind=kind)


def paste(olga: Person, token: str = TOKEN, **more: str) -> str:
    """Pastes a token; the address of the page that follows."""
    answer = olga.post("/channels/add/telegram/", {"bot_token": token, **more})
    assert answer.status_code == 302, html(answer)
    return answer["Location"]


def say(salon: Salon, connection: Connection, text: str = "Здравствуйте") -> None:
    """A client's word, signed with the secret that stands, taken in."""
    with salon.work():
        path = accounts.hook_path(connection)
        secret = accounts.settings_of(connection)["secret_token"]
    writer = telegram.Writer(Door(), path)
    update = {"update_id": next(_updates), "message": writer.message(text=text)}
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
    assert asgi.call(writer.door, "POST", path, json.dumps(update).encode(), headers).status == 200
    sweep.run(sweep.queue("inbound"))


# The pages of every kind --------------------------------------------------------------------------------------------


def pages() -> list[tuple[str, str]]:
    return [
        (kind, value)
        for kind in registry.channels
        for value in [v for v, _l in kinds.providers(kind)] or [""]
    ]


@pytest.mark.parametrize(("kind", "provider"), pages())
def test_every_kind_has_its_page_with_steps_drawings_and_the_fields_it_asks(
    olga: Person, kind: str, provider: str
) -> None:
    answer = olga.get(f"/channels/add/{kind}/?provider={provider}")
    page = html(answer)
    assert answer.status_code == 200
    steps = catalogue.steps(kind, provider)
    assert page.count("mzc-step__mark") == page.count('class="mzc-drawing"') == len(steps) > 0
    for field in kinds.asked(kind, provider):
        assert f'name="{field.name}"' in page
    for field in kinds.fields(kind):
        if field.generated or (field.name == "provider" and provider):
            assert f'name="{field.name}"' not in page
    assert re.search(r"<img|data:image|https?://[^ ]*logo", page.split("<main")[1]) is None


def test_a_kind_of_several_providers_asks_first_which_one(olga: Person) -> None:
    page = html(olga.get("/channels/add/telephony/"))
    assert page.count("?provider=") == len(kinds.providers("telephony"))
    mango = html(olga.get("/channels/add/telephony/?provider=mango"))
    assert 'name="vpbx_api_key"' in mango
    assert 'name="account_sid"' not in mango
    assert "mzc-step" not in page
    assert olga.get("/channels/add/telephony/?provider=nobody").status_code == 200


def test_the_catalogue_tells_time_and_review(olga: Person) -> None:
    page = html(olga.get("/channels/"))
    for offer in catalogue.offers():
        assert f"/channels/add/{offer.kind}/" in page
        assert offer.minutes >= 1
    assert set(catalogue.DRAWINGS) >= {
        step.drawing for kind, p in pages() for step in catalogue.steps(kind, p)
    }


def test_a_manager_looks_and_does_not_connect(masha: Person, salon: Salon) -> None:
    assert masha.get("/channels/").status_code == 200
    assert "/channels/add/" not in html(masha.get("/channels/"))
    assert masha.get("/channels/add/telegram/").status_code == 403
    bot = stage.bot(salon)
    page = html(masha.get(f"/channels/{bot.pk}/"))
    assert "/hooks/" not in page
    for verb in ("settings", "secret", "rename", "switch", "delete", "connect"):
        assert masha.post(f"/channels/{bot.pk}/{verb}/").status_code == 403


def test_the_installations_own_application_fills_what_it_can(
    olga: Person, salon: Salon, settings: Any
) -> None:
    assert 'name="app_secret"' in html(olga.get("/channels/add/whatsapp/"))
    settings.PLATFORM_SETTINGS = {"whatsapp": {"app_secret": "the-platforms", "unknown": "x"}}
    page = html(olga.get("/channels/add/whatsapp/"))
    assert 'name="app_secret"' not in page
    assert 'name="access_token"' in page
    with salon.work():
        made = accounts.create("whatsapp", settings={"phone_number_id": "1", "access_token": "EAA"})
        assert accounts.settings_of(made)["app_secret"] == "the-platforms"
        assert "app_secret" not in accounts.own_settings(made)
        own = accounts.create(
            "whatsapp", settings={"phone_number_id": "1", "access_token": "EAA", "app_secret": "own"}
        )
        assert accounts.settings_of(own)["app_secret"] == "own"


# Connecting ---------------------------------------------------------------------------------------------------------


def test_from_the_pasted_token_to_the_first_word(
    olga: Person, salon: Salon, telegram_api: FakeTelegram
) -> None:
    page = paste(olga)
    assert only(salon).state == "new"
    waiting = html(olga.get(page))
    assert "every 1s" in waiting
    assert 'name="bot_token"' not in waiting, "nothing is to be typed while it is tried"
    assert olga.get(page + "progress/").status_code == 200
    carry()
    assert olga.get(page + "progress/")["HX-Redirect"] == page
    bot = only(salon)
    assert (bot.state, bot.trouble, bool(bot.accepted_at)) == ("ok", "", True)
    assert telegram_api.webhooks[TOKEN]["url"].endswith(f"/hooks/telegram/{_token(salon, bot)}/")
    ready = html(olga.get(page))
    assert ready.count("mzc-line--done") == 3
    assert "every 2s" in ready
    assert "https://t.me/salon700000001_bot" in ready
    assert "HX-Redirect" not in olga.get(page + "heard/").headers
    say(salon, bot)
    assert olga.get(page + "heard/")["HX-Redirect"] == page
    done = html(olga.get(page))
    assert "every 2s" not in done
    assert "mzc-progress" not in done


def _token(salon: Salon, connection: Connection) -> str:
    with salon.work():
        return accounts.token_of(connection)


def test_each_check_shows_its_result_as_it_comes(
    olga: Person, salon: Salon, telegram_api: FakeTelegram
) -> None:
    """The provider stops after the key was taken: that line is green, the next one is red."""
    from fakes.telegram import error

    telegram_api.when("setWebhook", error(400, "Bad Request: bad webhook: An HTTPS URL must be provided"))
    page = paste(olga)
    carry()
    shown = html(olga.get(page))
    states = re.findall(r'mzc-line mzc-line--(\w+)"', shown)
    assert states == ["done", "failed", "wait", "wait"]
    assert "An HTTPS URL must be provided" in shown


def test_a_wrong_token_is_said_in_words_and_nothing_typed_is_lost(
    olga: Person, salon: Salon, telegram_api: FakeTelegram
) -> None:
    wrong = "700000009:AAwrong"
    telegram_api.revoked.add(wrong)
    page = paste(olga, wrong, proxy_url="")
    carry()
    shown = html(olga.get(page))
    assert re.findall(r'mzc-line mzc-line--(\w+)"', shown)[0] == "failed"
    assert 'role="alert"' in shown
    assert f'value="{wrong}"' in shown
    assert only(salon).state == "new"
    answer = olga.post(page + "connect/", {"bot_token": TOKEN})
    assert answer["Location"] == page
    carry()
    assert only(salon).state == "ok"
    assert telegram_api.webhooks.keys() == {TOKEN}


def test_a_provider_out_of_reach_blames_no_key(olga: Person, salon: Salon, settings: Any) -> None:
    settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": "http://127.0.0.1:9"}
    page = paste(olga)
    carry()
    with salon.work():
        told = Errand.objects.get().last_error
    shown = html(olga.get(page))
    assert told.partition("\n")[0] in shown.replace("&#x27;", "'")
    assert f'value="{TOKEN}"' in shown
    assert "proxy_url" in shown


def test_an_empty_field_is_asked_for_at_once(olga: Person, salon: Salon) -> None:
    answer = olga.post("/channels/add/telegram/", {"bot_token": "", "proxy_url": "socks5://x"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in html(answer)
    with salon.work():
        assert not Connection.objects.filter(kind="telegram").exists()


def test_a_wrong_proxy_is_said_at_its_field_under_more(olga: Person, salon: Salon) -> None:
    answer = olga.post("/channels/add/telegram/", {"bot_token": TOKEN, "proxy_url": "socks5://x"})
    assert answer.status_code == 422
    assert re.search(r'<details class="mzc-more" open>', html(answer))
    with salon.work():
        assert not Connection.objects.filter(kind="telegram").exists()


def test_what_asks_no_provider_works_at_once(olga: Person, salon: Salon) -> None:
    answer = olga.post("/channels/add/form/", {})
    made = only(salon, "form")
    assert made.state == "ok"
    page = html(olga.get(answer["Location"]))
    with salon.work():
        assert accounts.hook_path(made) in page
        assert not Errand.objects.exists()


def test_an_address_that_is_pasted_by_hand_is_not_called_registered(olga: Person, salon: Salon) -> None:
    with salon.work():
        keys = {"provider": "mango", "vpbx_api_key": "a", "vpbx_api_salt": "b"}
        made = accounts.create("telephony", settings=keys)
        Connection.objects.filter(pk=made.pk).update(accepted_at=salon.now())
    page = html(olga.get(f"/channels/{made.pk}/"))
    assert re.findall(r'mzc-line mzc-line--(\w+)"', page) == ["done", "now", "wait"]
    with salon.work():
        assert accounts.hook_path(made) in page
    assert "Mango" in page


def test_an_unfinished_account_can_be_given_up(
    olga: Person, salon: Salon, telegram_api: FakeTelegram
) -> None:
    telegram_api.revoked.add(TOKEN)
    page = paste(olga)
    carry()
    assert olga.post(page + "delete/")["Location"] == "/channels/"
    assert olga.get(page).status_code == 404
    assert page not in html(olga.get("/channels/"))


def test_a_worker_that_dies_leaves_an_errand_that_is_done_again(
    olga: Person, salon: Salon, telegram_api: FakeTelegram
) -> None:
    from work import claim

    paste(olga)
    assert claim.due(Errand, batch=5, lease=dt.timedelta(seconds=-1))
    carry()
    assert only(salon).state == "ok"


def test_by_command_it_is_connected_too(salon: Salon, telegram_api: FakeTelegram, capsys: Any) -> None:
    arguments = ["create", "omsk", "telegram", "--set", f"bot_token={TOKEN}", "--name", "Бот", "--connect"]
    call_command("connection", *arguments)
    told = json.loads(capsys.readouterr().out)
    assert telegram_api.webhooks[TOKEN]["url"].endswith(told["hook_path"])
    made = only(salon)
    assert (made.pk, made.name, made.state, bool(made.accepted_at)) == (told["id"], "Бот", "ok", True)


def test_the_mailbox_of_a_known_service_needs_a_password_only() -> None:
    made = mailboxes.servers("anna+salon@yandex.ru", "abcd efgh ijkl")
    assert made["imap_url"] == "imaps://anna%2Bsalon%40yandex.ru:abcdefghijkl@imap.yandex.ru:993/INBOX"
    assert mailboxes.servers("anna@own-domain.example", "x") == {}


def test_an_unknown_mail_service_is_asked_for_its_addresses(olga: Person) -> None:
    told = {"address": "anna@own-domain.example", "mail_password": "word"}
    answer = olga.post("/channels/add/email/", told)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in html(answer)


# Afterwards ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(olga: Person, salon: Salon, telegram_api: FakeTelegram) -> str:
    """A bot that is connected and heard from."""
    address = paste(olga)
    carry()
    say(salon, only(salon))
    return address


def test_the_page_shows_signs_of_life(olga: Person, page: str, salon: Salon) -> None:
    shown = html(olga.get(page))
    assert shown.count('class="mz-tile') >= 4
    assert TOKEN not in shown
    assert "mz-badge--gain" in shown


def test_new_settings_that_do_not_work_are_taken_back_and_shown_again(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    wrong = "700000009:AAwrong"
    telegram_api.revoked.add(wrong)
    before = html(olga.get(page + "settings/"))
    assert TOKEN not in before, "a secret that stands is not sent to the browser"
    assert olga.post(page + "settings/", {"bot_token": wrong})["Location"] == page
    carry()
    with salon.work():
        bot = Connection.objects.get(kind="telegram")
        assert accounts.settings_of(bot)["bot_token"] == TOKEN
        assert (bot.state, bot.trouble) == ("ok", "")
    assert page + "settings/" in html(olga.get(page))
    assert f'value="{wrong}"' in html(olga.get(page + "settings/"))


def test_new_settings_that_work_stay(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    other = "700000002:AAtest"
    olga.post(page + "settings/", {"bot_token": other})
    carry()
    with salon.work():
        assert accounts.settings_of(Connection.objects.get(kind="telegram"))["bot_token"] == other
        assert Errand.objects.exclude(sealed_settings=None).count() == 0
    assert other in telegram_api.webhooks


def test_a_secret_left_empty_stays_and_a_ticked_one_goes(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    way = stage.ForwardProxy()
    olga.post(page + "settings/", {"bot_token": "", "proxy_url": way.url})
    carry()
    assert way.seen
    olga.post(page + "settings/", {"bot_token": "", "proxy_url": ""})
    carry()
    with salon.work():
        assert accounts.settings_of(Connection.objects.get(kind="telegram"))["proxy_url"] == way.url
    olga.post(page + "settings/", {"bot_token": "", "proxy_url": "", "clear-proxy_url": "on"})
    carry()
    with salon.work():
        assert "proxy_url" not in accounts.settings_of(Connection.objects.get(kind="telegram"))


def test_a_new_secret_and_the_former_are_both_believed(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    door, bot = Door(), only(salon)
    with salon.work():
        former, path = accounts.settings_of(bot)["secret_token"], accounts.hook_path(bot)
    body = b'{"update_id": 5, "brand_new_thing": {}}'

    def knock(secret: str) -> int:
        return asgi.call(door, "POST", path, body, {"X-Telegram-Bot-Api-Secret-Token": secret}).status

    assert knock(former) == 200  # the door remembers the account from now on
    olga.post(page + "secret/")
    carry()
    new = telegram_api.webhooks[TOKEN]["secret_token"]
    assert new != former
    door.accounts._cache = {
        key: (until - 5, account) for key, (until, account) in door.accounts._cache.items()
    }
    assert (knock(new), knock(former), knock("forged")) == (200, 200, 401)


def test_it_is_renamed_and_keeps_that_name(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    olga.post(page + "rename/", {"name": "Бот на Ленина"})
    olga.post(page + "connect/")
    carry()
    assert only(salon).name == "Бот на Ленина"


def test_check_now_is_an_errand_too(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    telegram_api.revoked.add(TOKEN)
    assert olga.post(page + "check/")["Location"] == page
    carry()
    assert only(salon).trouble == "token"
    assert page + "settings/" in html(olga.get(page))


def test_switched_off_the_provider_is_told_after_a_moment(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    answer = olga.post(page + "switch/", headers={"HX-Request": "true"})
    assert "to=on" in answer["HX-Trigger"]
    carry()
    assert TOKEN in telegram_api.webhooks, "there is a moment to take it back"
    with salon.work():
        Errand.objects.filter(job="disconnect").update(due_at=salon.now(), state="pending")
    carry()
    assert TOKEN not in telegram_api.webhooks
    assert only(salon).state == "off"


def test_taken_back_the_provider_never_hears_of_it(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    olga.post(page + "switch/", headers={"HX-Request": "true"})
    olga.post(page + "switch/?to=on", headers={"HX-Request": "true"})
    with salon.work():
        Errand.objects.filter(state="waiting").update(due_at=salon.now())
    carry()
    assert TOKEN in telegram_api.webhooks
    assert not telegram_api.calls("deleteWebhook")
    assert only(salon).state == "ok"


def test_switched_on_while_the_provider_is_being_told_its_address_stands_in_the_end(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    def switch_on() -> None:
        with salon.work():
            Connection.objects.filter(kind="telegram").update(state="ok")
        database.close()

    def on_again(seen: Any) -> None:
        at_once = threading.Thread(target=switch_on)
        at_once.start()
        at_once.join()

    telegram_api.when("getWebhookInfo", on_again, times=1)
    olga.post(page + "switch/")
    with salon.work():
        Errand.objects.filter(job="disconnect").update(due_at=salon.now(), state="pending")
    carry()
    carry()
    assert telegram_api.calls("deleteWebhook")
    assert TOKEN in telegram_api.webhooks
    assert only(salon).state == "ok"


def test_switched_on_again_it_is_registered_anew(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    olga.post(page + "switch/")
    telegram_api.webhooks.clear()
    olga.post(page + "switch/?to=on")
    carry()
    assert TOKEN in telegram_api.webhooks
    assert only(salon).state == "ok"


def test_deleted_it_is_gone_with_its_keys_and_its_threads_stay(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    from conversations.models import Conversation

    assert olga.post(page + "delete/")["Location"] == "/channels/"
    carry()
    bot = only(salon)
    assert TOKEN not in telegram_api.webhooks
    assert olga.get(page).status_code == 404
    with salon.work():
        assert accounts.own_settings(bot) == {}
        assert Conversation.objects.filter(connection=bot).exists()
        assert InboundEvent.objects.filter(connection=bot).exists()
        thread = Conversation.objects.get(connection=bot)
    assert olga.get(f"/inbox/{thread.pk}/").status_code == 200


def test_a_delete_that_cannot_reach_the_provider_forgets_the_keys_in_the_end(
    olga: Person, page: str, salon: Salon, telegram_api: FakeTelegram
) -> None:
    telegram_api.break_off("drop", times=None, method="getWebhookInfo")
    olga.post(page + "delete/")
    for _ in range(8):
        carry()
        with salon.work():
            Errand.objects.filter(state="pending").update(due_at=salon.now())
    with salon.work():
        assert Errand.objects.get(job="disconnect").state == "dead"
        assert accounts.own_settings(only(salon)) == {}


# Telephony ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def line(olga: Person, salon: Salon) -> Connection:
    with salon.work():
        return accounts.create("telephony", settings={"provider": "sipuni"})


def test_the_codes_of_an_operator_for_an_ordinary_phone(olga: Person, line: Connection) -> None:
    page = html(olga.get(f"/channels/{line.pk}/", {"to": "8 913 123-45-67", "operator": "beeline"}))
    assert "**61*+79131234567**20#" in page
    assert "tel:**61*+79131234567**20%23" in page
    assert "##002#" in page
    wrong = html(olga.get(f"/channels/{line.pk}/", {"to": "no number", "operator": "beeline"}))
    assert "**61*" not in wrong


def test_a_call_from_the_named_phone_turns_it_green(olga: Person, salon: Salon, line: Connection) -> None:
    from connections import testcall
    from integrations.protocols.channel import CallHappened

    path = f"/channels/{line.pk}/test-call/"
    assert olga.post(path, {"phone": "no number"}).status_code == 422
    olga.post(path, {"phone": "8 913 555-00-11"})
    assert "every 2s" in html(olga.get(path + "waiting/"))
    for phone, green in (("+79130000000", False), ("+79135550011", True)):
        fact = CallHappened(external_id=phone, state="ringing", phone=phone, dialled="+73812000000")
        with salon.work():
            testcall.hear(Connection.objects.get(pk=line.pk), fact, now=salon.now())
        shown = html(olga.get(path + "waiting/"))
        assert ("mz-alert--gain" in shown, "every 2s" in shown) == (green, not green)
    assert fresh(salon, line).account["test_call"]["heard_at"]
