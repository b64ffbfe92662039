"""Connecting a portal: what is shown, and how each refusal is told, over real HTTP."""

import pytest
from django.utils import translation

from fakes.bitrix24 import FakeBitrix24
from fakes.bitrix24 import portal as fake_portal
from fakes.server import Answer
from integrations import errors
from integrations.bitrix24 import wire
from integrations.protocols import crm
from kit import guard, http


@pytest.fixture
def bitrix():
    before = guard.private_hosts_allowed()
    http.configure(allow_private_hosts=True)
    with FakeBitrix24() as running:
        yield running
    http.configure(allow_private_hosts=before)


@pytest.fixture
def settings(bitrix):
    return {"webhook_url": bitrix.webhook_url}


def check(settings):
    return http.run(wire.Bitrix24().check(settings))


def refused(settings):
    with pytest.raises(errors.Rejected) as failure:
        check(settings)
    return failure.value


def test_a_living_portal_shows_everything_in_two_requests_and_writes_nothing(bitrix, settings):
    bitrix.portal.add_pipeline("Визиты")
    found = check(settings)
    assert found.account == f"127.0.0.1:{bitrix.port}"
    assert found.user == crm.Person("1", "Ольга Сомова", admin=True)
    assert found.leads is crm.LeadMode.CLASSIC
    assert [(one.name, one.default) for one in found.pipelines] == [("Общая", True), ("Визиты", False)]
    assert found.pipelines[0].stages[0] == crm.Stage("NEW", "Новая", crm.Meaning.OPEN)
    assert found.pipelines[0].stages[5].meaning is crm.Meaning.WON
    assert found.pipelines[1].stages[2].meaning is crm.Meaning.LOST
    assert ("CALL", "Звонок") in [(one.id, one.name) for one in found.sources]
    assert found.utc_offset == 3 * 3600
    assert found.lasting is True
    assert found.missing == ()
    assert [seen.name for seen in bitrix.ledger] == ["batch", "batch"]
    assert not bitrix.portal.leads + bitrix.portal.deals + bitrix.portal.contacts


def test_access_by_subscription_is_said_to_end(bitrix, settings):
    bitrix.portal.subscription = True
    assert check(settings).lasting is False


def test_simple_crm_is_told(bitrix, settings):
    bitrix.portal.mode = fake_portal.SIMPLE
    found = check(settings)
    assert found.leads is crm.LeadMode.SIMPLE
    assert "leads_off" in found.missing


@pytest.mark.parametrize(
    ("state", "code"), [("plan", "plan"), ("revoked", "revoked"), ("deleted", "deleted")]
)
def test_a_portal_that_refuses_everything(bitrix, settings, state, code):
    setattr(bitrix.portal, state, state != "plan")
    failure = refused(settings)
    assert failure.code == code
    assert str(wire.CRM.explain(failure))


def test_the_free_plan_is_told_plainly(bitrix, settings):
    bitrix.portal.plan = False
    with translation.override("en"):
        words = str(wire.CRM.explain(refused(settings)))
    assert "plan" in words
    assert "Marzha keeps all leads" in words


def test_a_wrong_code_is_a_dead_webhook(bitrix, settings):
    settings["webhook_url"] = settings["webhook_url"].replace(bitrix.portal.code, "0000000000000000")
    assert refused(settings).revoked


def test_a_webhook_without_crm_is_told_by_its_scope(bitrix, settings):
    bitrix.portal.scopes = ["task"]
    assert refused(settings).code == "scope"


def test_a_portal_that_cannot_search_by_our_key_is_refused_loudly(bitrix, settings, monkeypatch):
    from fakes.bitrix24 import items

    monkeypatch.setitem(items.FIELDS, fake_portal.CONTACT, {"name": None, "fm": []})
    assert refused(settings).code == "key_search"


def test_overload_is_a_long_pause(bitrix, settings):
    bitrix.portal.overload = True
    with pytest.raises(errors.Retry) as pause:
        check(settings)
    assert pause.value.whole_account
    assert pause.value.after >= 3600


def test_nobody_there():
    http.configure(allow_private_hosts=True)
    with pytest.raises(errors.Unreachable):
        check({"webhook_url": "http://127.0.0.1:9/rest/1/abcdefgh12345678/"})


def test_some_other_site(bitrix, settings):
    bitrix.on("", Answer(200, "<html>shop</html>"))
    assert refused(settings).code == "not_portal"


def test_no_address_at_all():
    assert refused({}).code == "address"


def test_sources_are_added_once(bitrix, settings):
    names = {"telegram": "Telegram (Marzha)", "telephony": "Звонок"}
    first = http.run(wire.CRM.add_sources(settings, names))
    again = http.run(wire.CRM.add_sources(settings, names))
    assert first == again == {"telegram": "MZ_TELEGRAM", "telephony": "CALL"}
    ids = [row["STATUS_ID"] for row in bitrix.portal.statuses_of("SOURCE")]
    assert ids.count("MZ_TELEGRAM") == 1
    assert check(settings).sources[-1] == crm.Source("MZ_TELEGRAM", "Telegram (Marzha)")


def test_a_reply_lost_while_adding_a_source_adds_no_second_one(bitrix, settings):
    bitrix.on("crm.status.add", fault="drop")
    with pytest.raises(errors.Retry):
        http.run(wire.CRM.add_sources(settings, {"vk": "VK"}))
    assert http.run(wire.CRM.add_sources(settings, {"vk": "VK"})) == {"vk": "MZ_VK"}
    assert [row["STATUS_ID"] for row in bitrix.portal.statuses_of("SOURCE")].count("MZ_VK") == 1


def test_a_source_needs_an_administrator(bitrix, settings):
    bitrix.portal.user_id = 17
    settings = {"webhook_url": bitrix.webhook_url}
    assert check(settings).user.admin is False
    with pytest.raises(errors.Rejected) as failure:
        http.run(wire.CRM.add_sources(settings, {"vk": "VK"}))
    assert failure.value.code == "rights"
