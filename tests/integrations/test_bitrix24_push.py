"""A card in the portal: created once whatever is lost on the way, found by key, phone and mail."""

import dataclasses
import datetime
import decimal

import pytest

from fakes.bitrix24 import FakeBitrix24, items
from fakes.bitrix24 import portal as fake_portal
from fakes.server import Answer
from integrations import errors
from integrations.bitrix24 import client, wire
from integrations.protocols import crm
from kit import guard, http

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
ENQUIRY = crm.Lead(
    key="t7:lead:5005", title="Ирина: вопрос", name="Ирина", stage="NEW", responsible="17", source="WEB"
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


@pytest.fixture
def find(bitrix):
    return lambda card: http.run(wire.Bitrix24().find({"webhook_url": bitrix.webhook_url}, card))


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


# Creating -----------------------------------------------------------------------------------------------


def test_contact_and_deal_are_created_and_linked_in_two_requests(bitrix, push):
    pushed = push(CARD)
    assert not pushed.failed
    assert [saved.how for saved in pushed.saved.values()] == [crm.How.CREATED, crm.How.CREATED]
    (contact,), (deal,) = bitrix.portal.contacts, bitrix.portal.deals
    assert pushed.saved["contact"].id == str(contact["id"])
    assert contact["name"] == "Ирина"
    assert {(e["typeId"], e["valueType"], e["value"]) for e in contact["fm"]} == {
        ("PHONE", "MOBILE", "+79130000001"),
        ("IM", "TELEGRAM", "irina_omsk"),
        ("IM", "OTHER", "max: 55"),
    }
    assert (contact["originatorId"], contact["originId"]) == ("marzha", "t7:contact:1001")
    assert deal["contactIds"] == [contact["id"]]
    assert (deal["originatorId"], deal["originId"]) == ("marzha", "t7:lead:5005")
    assert (deal["title"], deal["stageId"], deal["assignedById"]) == ("Ирина: маникюр", "NEW", 17)
    assert (deal["sourceId"], deal["utmSource"]) == ("CALL", "yandex")
    assert (deal["opportunity"], deal["isManualOpportunity"]) == (2800.5, "Y")
    assert deal["begindate"].startswith("2026-12-20")
    assert deal["closedate"].startswith("2026-12-21")
    assert [seen.name for seen in bitrix.ledger] == ["batch", "batch"]
    assert pushed.saved["deal"].state["opportunity"] == "2800.50"
    assert pushed.saved["deal"].state["closedate"] == "2026-12-21"


def test_an_enquiry_as_lead_then_its_deal_names_it(bitrix, push):
    first = push(crm.Card(contact=IRINA, lead=ENQUIRY))
    (lead,) = bitrix.portal.leads
    assert lead["contactIds"] == [int(first.saved["contact"].id)]
    pushed = push(crm.Card(contact=IRINA, lead=replace(ENQUIRY, stage="CONVERTED"), deal=VISIT))
    assert [saved.how for saved in pushed.saved.values()] == [
        crm.How.ADOPTED,
        crm.How.ADOPTED,
        crm.How.CREATED,
    ]
    assert len(bitrix.portal.leads) == 1
    assert bitrix.portal.leads[0]["stageId"] == "CONVERTED"
    assert bitrix.portal.deals[0]["leadId"] == lead["id"]


def test_all_three_in_one_chain(bitrix, push):
    pushed = push(crm.Card(contact=IRINA, lead=ENQUIRY, deal=VISIT))
    (contact,), (lead,), (deal,) = bitrix.portal.contacts, bitrix.portal.leads, bitrix.portal.deals
    assert deal["leadId"] == lead["id"]
    assert deal["contactIds"] == lead["contactIds"] == [contact["id"]]
    assert set(pushed.saved) == {"contact", "lead", "deal"}


def test_what_a_client_writes_reads_no_other_row(bitrix, push):
    push(
        crm.Card(
            contact=replace(IRINA, name="$result[contact_phone]"),
            deal=replace(VISIT, title="Вот $result[contact][item][fm][0][value]"),
        )
    )
    assert bitrix.portal.contacts[0]["name"].replace("\u2060", "") == "$result[contact_phone]"
    assert "+7913" not in bitrix.portal.deals[0]["title"]
    assert bitrix.portal.deals[0]["title"].replace("\u2060", "") == "Вот $result[contact][item][fm][0][value]"


def test_signs_of_the_query_string_arrive_as_written(bitrix, push):
    title = "Маникюр & педикюр = 50% #1 +7 [b]срочно[/b] \x00\ud83d"
    push(crm.Card(deal=replace(VISIT, title=title)))
    assert bitrix.portal.deals[0]["title"] == "Маникюр & педикюр = 50% #1 +7 [b]срочно[/b] \ufffd\ufffd"


# Found again --------------------------------------------------------------------------------------------


def test_pushed_again_it_is_found_by_key_and_nothing_is_written(bitrix, push):
    push(CARD)
    before = [dict(row) for row in bitrix.portal.contacts + bitrix.portal.deals]
    bitrix.ledger.clear()
    again = push(CARD)
    assert [saved.how for saved in again.saved.values()] == [crm.How.ADOPTED, crm.How.ADOPTED]
    assert bitrix.portal.contacts + bitrix.portal.deals == before
    assert len(bitrix.ledger) == 1


@pytest.mark.parametrize("written", ["+7 (913) 000-00-01", "8 913 000 00 01", "9130000001"])
def test_a_contact_made_by_hand_is_found_by_its_phone_and_kept(bitrix, push, find, written):
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": written}
    theirs = add(bitrix, fake_portal.CONTACT, name="Ирина Петровна", fm=[phone])
    assert find(CARD)["contact"] == crm.Found((), (str(theirs),))
    pushed = push(CARD)
    assert pushed.saved["contact"].how is crm.How.ADOPTED
    (contact,) = bitrix.portal.contacts
    assert contact["id"] == theirs
    assert contact["name"] == "Ирина Петровна"
    assert [e["value"] for e in contact["fm"] if e["typeId"] == "PHONE"] == [written]
    assert {e["value"] for e in contact["fm"] if e["typeId"] == "IM"} == {"irina_omsk", "max: 55"}
    assert contact["originId"] == "t7:contact:1001"
    assert bitrix.portal.deals[0]["contactIds"] == [theirs]


def test_of_two_with_one_phone_the_oldest_is_taken_and_the_other_told(bitrix, push):
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": "+79130000001"}
    ids = [add(bitrix, fake_portal.CONTACT, name=name, fm=[phone]) for name in ("Ира", "Ирина П.")]
    saved = push(CARD).saved["contact"]
    assert saved.id == str(ids[0])
    assert saved.others == (str(ids[1]),)
    assert len(bitrix.portal.contacts) == 2


def test_of_two_with_one_phone_ours_comes_first(bitrix, push):
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": "+79130000001"}
    add(bitrix, fake_portal.CONTACT, name="Ира", fm=[phone])
    ours = add(
        bitrix,
        fake_portal.CONTACT,
        name="Ирина",
        fm=[phone],
        originatorId="marzha",
        originId="t7:contact:900",
    )
    assert push(CARD).saved["contact"].id == str(ours)


def test_two_rows_with_our_key_the_oldest_is_taken_and_the_other_told(bitrix, push):
    ids = [add(bitrix, fake_portal.DEAL, originatorId="marzha", originId=VISIT.key) for _ in range(2)]
    saved = push(crm.Card(deal=VISIT)).saved["deal"]
    assert (saved.id, saved.others) == (str(ids[0]), (str(ids[1]),))


def test_found_by_mail(bitrix, push):
    mail = {"typeId": "EMAIL", "valueType": "WORK", "value": "Irina@Example.com"}
    theirs = add(bitrix, fake_portal.CONTACT, name="Ирина", fm=[mail])
    assert push(crm.Card(contact=replace(IRINA, emails=("irina@example.com",)))).saved["contact"].id == str(
        theirs
    )
    assert [e["value"] for e in bitrix.portal.contacts[0]["fm"] if e["typeId"] == "EMAIL"] == [
        "Irina@Example.com"
    ]


def test_no_search_no_create(bitrix, push):
    bitrix.ledgers.costs["crm.duplicate.findbycomm"] = 1000.0
    bitrix.ledgers.book(bitrix.portal.code, "crm.duplicate.findbycomm")
    with pytest.raises(errors.Retry):
        push(CARD)
    assert not bitrix.portal.contacts + bitrix.portal.deals


# Lost replies -------------------------------------------------------------------------------------------


def test_a_create_whose_reply_was_lost_is_uncertain_and_not_repeated_by_itself(bitrix, push, find):
    bitrix.on("crm.item.add", fault="drop")
    with pytest.raises(errors.Uncertain):
        push(CARD)
    assert len(bitrix.portal.contacts) == len(bitrix.portal.deals) == 1
    assert bitrix.called("crm.item.add") == 2
    found = find(CARD)
    assert found["deal"].id == str(bitrix.portal.deals[0]["id"])
    pushed = push(CARD)
    assert [saved.how for saved in pushed.saved.values()] == [crm.How.ADOPTED, crm.How.ADOPTED]
    assert len(bitrix.portal.contacts) == len(bitrix.portal.deals) == 1


@pytest.mark.parametrize(
    "mishap",
    [
        Answer(502, "<html>Bad Gateway</html>"),
        Answer(200, "<html>Closed</html>"),
        Answer(500, {"error": "INTERNAL_SERVER_ERROR"}),
    ],
)
@pytest.mark.parametrize("ran", [True, False])
def test_a_server_error_leaves_a_create_uncertain_and_one_row_in_the_end(bitrix, push, mishap, ran):
    bitrix.on("crm.item.add", mishap, ran=ran)
    with pytest.raises(errors.Uncertain):
        push(CARD)
    push(CARD)
    assert len(bitrix.portal.contacts) == len(bitrix.portal.deals) == 1


def test_a_lost_reply_to_a_search_or_a_change_is_simply_asked_again(bitrix, push):
    bitrix.on("crm.item.list", fault="drop")
    with pytest.raises(errors.Retry):
        push(CARD)
    card = known(CARD, push(CARD))
    bitrix.on("crm.item.update", fault="drop")
    moved = crm.Card(deal=replace(card.deal, stage="EXECUTING"))
    with pytest.raises(errors.Retry):
        push(moved)
    push(moved)
    assert bitrix.portal.deals[0]["stageId"] == "EXECUTING"


def test_a_slow_portal_is_given_up_and_looked_at_later(bitrix, push, monkeypatch):
    slow = wire.Bitrix24()
    made = slow._client
    monkeypatch.setattr(slow, "_client", lambda settings, timeout=client.TIMEOUT: made(settings, timeout=1.0))
    bitrix.slow("crm.item.add", 2.0)
    with pytest.raises(errors.Uncertain):
        http.run(slow.push({"webhook_url": bitrix.webhook_url}, CARD))
    push(CARD)
    assert len(bitrix.portal.contacts) == len(bitrix.portal.deals) == 1
