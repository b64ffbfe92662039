"""A card that is there already: changed where it differs and is ours, and every refusal on the way."""

import dataclasses
import datetime
import decimal

import pytest

from fakes.bitrix24 import FakeBitrix24, items, methods
from fakes.bitrix24 import portal as fake_portal
from fakes.server import Answer
from integrations import errors
from integrations.bitrix24 import wire
from integrations.protocols import crm
from kit import guard, http, safejson

DAY = datetime.date(2026, 12, 20)
IRINA = crm.Contact(
    key="t7:contact:1001",
    name="Ирина",
    responsible="17",
    phones=("+79130000001",),
    messengers=(crm.Messenger("telegram", "irina_omsk"), crm.Messenger("max", "55")),
    source="CALL",
    source_note="Реклама: осень",
    utm=crm.Utm(source="yandex", medium="cpc", campaign="osen"),
)
VISIT = crm.Deal(
    key="t7:lead:5005",
    title="Ирина: маникюр",
    pipeline="0",
    stage="NEW",
    responsible="17",
    opens=DAY,
    closes=DAY + datetime.timedelta(days=1),
    source="CALL",
    utm=crm.Utm(source="yandex"),
    amount=decimal.Decimal("2800.50"),
    currency="RUB",
)
CARD = crm.Card(contact=IRINA, deal=VISIT)


@pytest.fixture
def bitrix():
    before = guard.private_hosts_allowed()
    http.configure(allow_private_hosts=True)
    with FakeBitrix24() as running:
        yield running
        assert not running.rest.crashes
    http.configure(allow_private_hosts=before)


@pytest.fixture
def push(bitrix):
    crm_wire = wire.Bitrix24()
    return lambda card: http.run(crm_wire.push({"webhook_url": bitrix.webhook_url}, card))


def add(bitrix, kind, **fields):
    """A row somebody made in the portal by hand."""
    return items.add(bitrix.portal, 1, {"entityTypeId": kind, "fields": fields})["item"]["id"]


def known(card, pushed):
    """The card as a caller knows it after a push: ids and what was agreed."""
    contact, deal = pushed.saved["contact"], pushed.saved["deal"]
    return crm.Card(
        contact=replace(card.contact, id=contact.id), deal=replace(card.deal, id=deal.id, base=deal.state)
    )


def replace(row, **changes):
    return dataclasses.replace(row, **changes)


# Changing -----------------------------------------------------------------------------------------------


def test_only_what_differs_is_written(bitrix, push):
    card = known(CARD, push(CARD))
    bitrix.ledger.clear()
    same = push(card)
    assert [saved.how for saved in same.saved.values()] == [crm.How.SAME, crm.How.SAME]
    assert bitrix.called("crm.item.update") == 0
    pushed = push(
        crm.Card(contact=card.contact, deal=replace(card.deal, stage="WON", amount=decimal.Decimal(3100)))
    )
    assert pushed.saved["deal"].how is crm.How.UPDATED
    assert bitrix.ledger[-1].params()["cmd"] == {
        "deal": f"crm.item.update?entityTypeId=2&id={card.deal.id}&fields[stageId]=WON"
        "&fields[opportunity]=3100.00&fields[isManualOpportunity]=Y&fields[currencyId]=RUB"
    }
    (deal,) = bitrix.portal.deals
    assert (deal["stageId"], deal["closed"], deal["opportunity"]) == ("WON", "Y", 3100)


def test_what_a_manager_changed_stays_until_we_change_it_too(bitrix, push):
    card = known(CARD, push(CARD))
    row = bitrix.portal.items[fake_portal.DEAL][int(card.deal.id)]
    row.update(stageId="EXECUTING", title="Иришка", opportunity=3000, assignedById=1)
    push(card)
    assert (row["stageId"], row["title"], row["opportunity"], row["assignedById"]) == (
        "EXECUTING",
        "Иришка",
        3000,
        1,
    )
    push(crm.Card(contact=card.contact, deal=replace(card.deal, stage="WON", title="Новый заголовок")))
    assert (row["stageId"], row["title"], row["opportunity"]) == ("WON", "Иришка", 3000)


def test_in_a_foreign_pipeline_the_stage_is_theirs(bitrix, push):
    card = known(CARD, push(CARD))
    other = bitrix.portal.add_pipeline("Обучение")
    row = bitrix.portal.items[fake_portal.DEAL][int(card.deal.id)]
    row.update(categoryId=other, stageId=f"C{other}:NEW")
    pushed = push(crm.Card(deal=replace(card.deal, stage="WON")))
    assert row["stageId"] == f"C{other}:NEW"
    assert pushed.saved["deal"].state["categoryId"] == other


def test_a_new_phone_is_added_and_the_old_one_stays(bitrix, push):
    card = known(CARD, push(CARD))
    push(crm.Card(contact=replace(card.contact, phones=("+79130000001", "+79130000002"))))
    assert [e["value"] for e in bitrix.portal.contacts[0]["fm"] if e["typeId"] == "PHONE"] == [
        "+79130000001",
        "+79130000002",
    ]


def test_a_deal_deleted_in_the_portal_is_told_and_not_made_again(bitrix, push):
    card = known(CARD, push(CARD))
    bitrix.portal.items[fake_portal.DEAL].clear()
    pushed = push(card)
    assert pushed.failed["deal"].code == "gone"
    assert "contact" in pushed.saved
    assert not bitrix.portal.deals


def test_a_hidden_deal_is_told(bitrix, push):
    card = known(CARD, push(CARD))
    bitrix.portal.forbidden.add((fake_portal.DEAL, int(card.deal.id)))
    assert push(card).failed["deal"].code == "forbidden"


def test_a_contact_merged_in_the_portal_is_found_through_its_deal(bitrix, push):
    card = known(CARD, push(CARD))
    winner = add(bitrix, fake_portal.CONTACT, name="Ирина П.")
    del bitrix.portal.items[fake_portal.CONTACT][int(card.contact.id)]
    bitrix.portal.deals[0].update(contactId=winner, contactIds=[winner])
    pushed = push(card)
    assert pushed.saved["contact"].id == str(winner)
    assert pushed.saved["contact"].how is crm.How.ADOPTED
    assert len(bitrix.portal.contacts) == 1
    assert bitrix.portal.deals[0]["contactIds"] == [winner]


# Refusals -----------------------------------------------------------------------------------------------


def test_a_required_field_parks_the_deal_and_keeps_the_contact(bitrix, push):
    bitrix.portal.required[fake_portal.DEAL] = {"ufCrmCity": "Город"}
    pushed = push(CARD)
    assert pushed.saved["contact"].how is crm.How.CREATED
    assert pushed.failed["deal"].code == "required"
    assert "Город" in pushed.failed["deal"].reason
    bitrix.portal.required.clear()
    assert push(CARD).saved["deal"].how is crm.How.CREATED
    assert len(bitrix.portal.contacts) == 1


def test_a_stage_that_is_no_more_is_told(bitrix, push):
    pushed = push(crm.Card(contact=IRINA, deal=replace(VISIT, stage="C99:NEW")))
    assert pushed.failed["deal"].code == "field"
    assert "stageId" in pushed.failed["deal"].reason
    assert len(bitrix.portal.contacts) == 1


def test_an_objection_to_an_optional_value_costs_only_the_optional_values(bitrix, push, monkeypatch):
    def picky(portal, user, params):
        if params["fields"].get("sourceId"):
            raise fake_portal.Refusal(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "sourceId")
        return items.add(portal, user, params)

    monkeypatch.setitem(methods.METHODS, "crm.item.add", ("crm", picky))
    pushed = push(CARD)
    assert not pushed.failed
    (contact,), (deal,) = bitrix.portal.contacts, bitrix.portal.deals
    assert deal["contactIds"] == [contact["id"]]
    assert (deal["title"], deal["stageId"], deal["originId"]) == (VISIT.title, "NEW", VISIT.key)
    assert "sourceId" in pushed.saved["deal"].dropped


def test_a_row_does_not_stand_without_the_one_it_names(bitrix, push, monkeypatch):
    def picky(portal, user, params):
        if params["entityTypeId"] == str(fake_portal.CONTACT) and params["fields"].get("sourceId"):
            raise fake_portal.Refusal(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", "sourceId")
        return items.add(portal, user, params)

    monkeypatch.setitem(methods.METHODS, "crm.item.add", ("crm", picky))
    pushed = push(CARD)
    assert not pushed.failed
    assert bitrix.portal.deals[0]["contactIds"] == [int(pushed.saved["contact"].id)]
    assert pushed.saved["deal"].dropped == ()


def test_a_contact_refused_for_good_does_not_keep_the_deal_away(bitrix, push):
    bitrix.portal.required[fake_portal.CONTACT] = {"ufCrmCity": "Город"}
    pushed = push(CARD)
    assert pushed.failed["contact"].code == "required"
    assert bitrix.portal.deals[0]["contactIds"] == []
    bitrix.portal.required.clear()
    contact = push(CARD).saved["contact"]
    assert bitrix.portal.deals[0]["contactIds"] == [int(contact.id)]


def test_a_portal_out_of_working_time_is_left_alone_until_it_recovers(bitrix, push):
    card = known(CARD, push(CARD))
    bitrix.ledgers.costs["crm.item.update"] = 1000.0
    bitrix.ledgers.book(bitrix.portal.code, "crm.item.update")
    moved = crm.Card(deal=replace(card.deal, stage="WON"))
    assert push(moved).failed["deal"].reason == "operating"
    before = bitrix.called("crm.item.update")
    with pytest.raises(errors.Retry) as pause:
        push(moved)
    assert pause.value.after > 0
    assert bitrix.called("crm.item.update") == before


def test_a_renamed_portal_is_told_with_its_new_address_and_called_there_only_by_the_caller(bitrix):
    there = f"http://localhost:{bitrix.port}/rest/1/{bitrix.portal.code}/batch"
    bitrix.on("", Answer(302, b"", {"Location": there}))
    crm_wire = wire.Bitrix24(trusted=frozenset({"localhost"}))
    settings = {"webhook_url": bitrix.webhook_url}
    with pytest.raises(errors.Rejected) as refused:
        http.run(crm_wire.push(settings, CARD))
    assert refused.value.code == "renamed"
    assert refused.value.moved_to == bitrix.webhook_url.replace("127.0.0.1", "localhost")
    assert len(bitrix.ledger) == 1
    http.run(crm_wire.push({"webhook_url": refused.value.moved_to}, CARD))
    assert len(bitrix.portal.deals) == 1


def test_a_redirect_to_a_stranger_gets_no_secret(bitrix, push):
    with FakeBitrix24() as stranger:
        bitrix.on("", Answer(302, b"", {"Location": stranger.webhook_url}))
        with pytest.raises(errors.Rejected) as refused:
            push(CARD)
        assert refused.value.code == "elsewhere"
        assert refused.value.moved_to is None
        assert not stranger.ledger


@pytest.mark.parametrize(("state", "code"), [("plan", "plan"), ("revoked", "revoked")])
def test_a_portal_that_closes_between_search_and_create(bitrix, push, monkeypatch, state, code):
    real = bitrix.rest.answer

    def answer(*given):
        reply = real(*given)
        setattr(bitrix.portal, state, state != "plan")
        return reply

    monkeypatch.setattr(bitrix.rest, "answer", answer)
    with pytest.raises(errors.Rejected) as refused:
        push(CARD)
    assert refused.value.code == code
    assert not bitrix.portal.contacts


@pytest.mark.parametrize(
    "result", [None, [], {}, {"result": {"contact": 5}}, {"result": {"contact": {"item": []}}}]
)
def test_nonsense_from_the_portal_is_one_of_the_four_failures(result):
    crm_wire = wire.Bitrix24()
    call = crm_wire.push(
        {"webhook_url": "https://x.bitrix24.ru/rest/1/abcdefgh12345678/"}, crm.Card(contact=IRINA)
    )
    next(call)
    with pytest.raises(errors.FAILURES):
        call.send(http.Response(200, {}, safejson.dumps({"result": result})))
