"""The fake portal has the habits that the wire is made for; without them its other tests would prove little."""

import json
import urllib.error
import urllib.request

import pytest

from fakes.bitrix24 import FakeBitrix24
from fakes.bitrix24 import portal as fake_portal


@pytest.fixture
def bitrix():
    with FakeBitrix24() as running:
        yield running
        assert not running.rest.crashes


def post(bitrix, method, params=None, *, form=None):
    """A bare call: status and body."""
    kind = "application/json" if form is None else "application/x-www-form-urlencoded"
    body = json.dumps(params or {}).encode() if form is None else form.encode()
    request = urllib.request.Request(bitrix.webhook_url + method, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def ok(bitrix, method, params=None):
    status, body = post(bitrix, method, params)
    assert status == 200, body
    return body["result"]


def contact(bitrix, **fields):
    return ok(bitrix, "crm.item.add", {"entityTypeId": 3, "fields": {"name": "Ирина", **fields}})["item"]


def deal(bitrix, **fields):
    return ok(bitrix, "crm.item.add", {"entityTypeId": 2, "fields": fields})["item"]


def test_what_is_not_set_is_filled_in(bitrix):
    made = deal(bitrix, nonsense="swallowed")
    assert "nonsense" not in made
    assert (made["assignedById"], made["sourceId"], made["stageId"]) == (1, "CALL", "NEW")
    assert made["title"].startswith("Сделка #")
    assert made["closedate"] > made["begindate"]
    assert made["closedate"].endswith("T03:00:00+03:00")


def test_nothing_guards_against_a_double(bitrix):
    key = {"originatorId": "marzha", "originId": "t7:lead:1"}
    deal(bitrix, **key), deal(bitrix, **key)
    search = {"entityTypeId": 2, "filter": {f"={name}": value for name, value in key.items()}, "start": -1}
    assert len(ok(bitrix, "crm.item.list", search)["items"]) == 2


def test_an_update_without_a_change_leaves_no_trace(bitrix):
    made = deal(bitrix, title="A")
    bitrix.portal.clock.advance(60)
    same = ok(bitrix, "crm.item.update", {"entityTypeId": 2, "id": made["id"], "fields": {"title": " A "}})
    assert same["item"]["updatedTime"] == made["updatedTime"]
    moved = ok(bitrix, "crm.item.update", {"entityTypeId": 2, "id": made["id"], "fields": {"stageId": "WON"}})
    assert moved["item"]["movedTime"] > made["movedTime"]
    assert (moved["item"]["closed"], moved["item"]["stageSemanticId"]) == ("Y", "S")


@pytest.mark.parametrize(
    ("change", "values"),
    [
        ({"n0": {"typeId": "PHONE", "valueType": "WORK", "value": "2"}}, ["1", "2"]),
        ({"n0": {"valueType": "WORK", "value": "2"}}, ["1"]),  # without typeId: done, and nothing happened
        ({"ID": {"typeId": "PHONE", "value": "3"}}, ["3"]),
        ({"ID": {"typeId": "PHONE", "value": ""}}, []),
    ],
)
def test_phones_are_records_with_ids(bitrix, change, values):
    made = contact(bitrix, fm=[{"typeId": "PHONE", "valueType": "MOBILE", "value": "1"}])
    change = {key.replace("ID", str(made["fm"][0]["id"])): entry for key, entry in change.items()}
    after = ok(bitrix, "crm.item.update", {"entityTypeId": 3, "id": made["id"], "fields": {"fm": change}})
    assert [entry["value"] for entry in after["item"]["fm"]] == values
    assert after["item"]["hasPhone"] == ("Y" if values else "N")


def test_phones_are_shown_only_when_everything_is_selected(bitrix):
    contact(bitrix, fm=[{"typeId": "PHONE", "value": "1"}])
    assert "fm" not in ok(bitrix, "crm.item.list", {"entityTypeId": 3, "select": ["id", "fm"]})["items"][0]
    assert ok(bitrix, "crm.item.list", {"entityTypeId": 3, "select": ["*"]})["items"][0]["fm"]


def test_doubles_are_found_by_bare_digits_and_none_is_a_list(bitrix):
    made = contact(bitrix, fm=[{"typeId": "PHONE", "value": "8 (913) 000-00-01"}])
    search = {"type": "PHONE", "entity_type": "CONTACT"}
    assert ok(bitrix, "crm.duplicate.findbycomm", search | {"values": ["+79130000001"]}) == []
    found = ok(bitrix, "crm.duplicate.findbycomm", search | {"values": ["+79130000001", "89130000001"]})
    assert found == {"CONTACT": [made["id"]]}


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ({}, 3),
        ({"=title": "B"}, 1),
        ({"!=title": "B"}, 2),
        ({"%title": "b"}, 1),
        ({"@title": ["A", "C"]}, 2),
        ({"!@title": ["A", "C"]}, 1),
        ({"title": ["A"]}, 1),
        ({"logic": "OR", "0": {"=title": "A"}, "1": {"=title": "B"}}, 2),
        ({">=updatedTime": "2000-01-01T00:00:00+03:00"}, 3),
        ({"<updatedTime": "2000-01-01T00:00:00+03:00"}, 0),
    ],
)
def test_filters(bitrix, condition, count):
    for title in "ABC":
        deal(bitrix, title=title)
    found = ok(bitrix, "crm.item.list", {"entityTypeId": 2, "filter": condition, "start": -1})
    assert len(found["items"]) == count


def test_pages_of_fifty_and_the_moving_id_window(bitrix):
    bitrix.ledgers.holds = 1000.0
    ids = [deal(bitrix, title=str(n))["id"] for n in range(60)]
    status, body = post(bitrix, "crm.item.list", {"entityTypeId": 2, "select": ["id"]})
    assert (status, len(body["result"]["items"]), body["next"], body["total"]) == (200, 50, 50, 60)
    rest = {
        "entityTypeId": 2,
        "select": ["id"],
        "order": {"id": "ASC"},
        "filter": {">id": ids[49]},
        "start": -1,
    }
    status, body = post(bitrix, "crm.item.list", rest)
    assert [row["id"] for row in body["result"]["items"]] == ids[50:]
    assert body["total"] == 0


@pytest.mark.parametrize(
    ("method", "params", "status", "code"),
    [
        ("crm.item.get", {"entityTypeId": 2, "id": 9}, 400, "NOT_FOUND"),
        (
            "crm.item.add",
            {"entityTypeId": 2, "fields": {"stageId": "C9:NEW"}},
            400,
            "CRM_FIELD_ERROR_VALUE_NOT_VALID",
        ),
        ("crm.item.add", {"entityTypeId": 2}, 400, "100"),
        ("crm.item.list", {"entityTypeId": 2, "filter": {"=FIELD": 1}}, 400, "INVALID_ARG_VALUE"),
        ("crm.nothing", {}, 404, "ERROR_METHOD_NOT_FOUND"),
        ("crm.item.productrow.set", {"ownerType": "D", "ownerId": 9}, 400, "OWNER_NOT_FOUND"),
    ],
)
def test_refusals(bitrix, method, params, status, code):
    answered, body = post(bitrix, method, params)
    assert (answered, body["error"]) == (status, code)


def test_nested_fields_get_lost_in_a_form(bitrix):
    status, body = post(bitrix, "crm.item.add", form="entityTypeId=2&fields[title]=A")
    assert (status, body["error"]) == (400, "100")


def test_a_batch_is_no_transaction_and_answers_200_whatever_happens_inside(bitrix):
    commands = {
        "c": "crm.item.add?entityTypeId=3&fields[name]=A",
        "d": "crm.item.add?entityTypeId=2&fields[stageId]=C9%3ANEW",
        "e": "crm.item.add?entityTypeId=2&fields[contactIds][0]=%24result%5Bc%5D%5Bitem%5D%5Bid%5D",
    }
    stopped = ok(bitrix, "batch", {"halt": 1, "cmd": commands})
    assert set(stopped["result"]) == {"c"}
    assert set(stopped["result_error"]) == {"d"}
    assert len(bitrix.portal.contacts) == 1
    whole = ok(bitrix, "batch", {"halt": 0, "cmd": commands})
    assert whole["result"]["e"]["item"]["contactIds"] == [whole["result"]["c"]["item"]["id"]]
    assert set(whole["result_time"]) == {"c", "e"}


def test_numbers_as_keys_lose_the_errors_names(bitrix):
    answer = ok(bitrix, "batch", {"cmd": ["crm.item.get?entityTypeId=2&id=9", "profile"]})
    assert answer["result_error"] == [{"error": "NOT_FOUND", "error_description": "Элемент не найден"}]
    assert ok(bitrix, "batch", {"cmd": {"a": "profile"}})["result_error"] == []


def test_the_fifty_first_command_and_a_batch_in_a_batch_are_refused(bitrix):
    many = {f"c{n}": "server.time" for n in range(51)}
    errors = ok(bitrix, "batch", {"cmd": many})["result_error"]
    assert {key: error["error"] for key, error in errors.items()} == {"c50": "ERROR_BATCH_LENGTH_EXCEEDED"}
    inner = ok(bitrix, "batch", {"cmd": {"a": "batch?cmd[b]=profile"}})["result_error"]
    assert inner["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_a_batch_of_more_than_a_minute_is_cut_and_what_ran_stays(bitrix):
    bitrix.ledgers.costs["crm.item.add"] = 25.0
    body = {"cmd": {f"c{n}": "crm.item.add?entityTypeId=3&fields[name]=A" for n in range(4)}}
    with pytest.raises(ValueError, match="Expecting value"):
        post(bitrix, "batch", body)
    assert len(bitrix.portal.contacts) == 2


def test_the_bucket_overflows_and_leaks(bitrix):
    statuses = [post(bitrix, "server.time")[0] for _ in range(60)]
    assert statuses.count(503) >= 5
    bitrix.portal.clock.advance(1)
    assert [post(bitrix, "server.time")[0] for _ in range(2)] == [200, 200]


def test_a_method_out_of_working_time_is_blocked_and_others_are_not(bitrix):
    bitrix.ledgers.costs["profile"] = 240.0
    assert [post(bitrix, "profile")[0] for _ in range(3)] == [200, 200, 429]
    assert post(bitrix, "server.time")[0] == 200
    bitrix.portal.clock.advance(600)
    assert post(bitrix, "profile")[0] == 200


def test_rows_make_the_amount_unless_it_is_set_by_hand(bitrix):
    made = deal(bitrix)
    rows = [
        {"productName": "A", "price": 2500, "quantity": 1},
        {"productName": "B", "price": "150.5", "quantity": 2},
    ]
    ok(bitrix, "crm.item.productrow.set", {"ownerType": "D", "ownerId": made["id"], "productRows": rows})
    assert bitrix.portal.deals[0]["opportunity"] == 2801
    by_hand = deal(bitrix, opportunity=10)
    ok(bitrix, "crm.item.productrow.set", {"ownerType": "D", "ownerId": by_hand["id"], "productRows": rows})
    assert bitrix.portal.deals[1]["opportunity"] == 10


def test_simple_crm_turns_a_lead_into_a_deal_at_once(bitrix):
    bitrix.portal.mode = fake_portal.SIMPLE
    lead = ok(bitrix, "crm.item.add", {"entityTypeId": 1, "fields": {"title": "A", "name": "Ирина"}})["item"]
    assert post(bitrix, "crm.item.get", {"entityTypeId": 1, "id": lead["id"]})[1]["error"] == "NOT_FOUND"
    assert bitrix.portal.deals[0]["leadId"] == lead["id"]
    assert bitrix.portal.contacts[0]["name"] == "Ирина"


def test_what_stands_beside_a_deal(bitrix):
    made = deal(bitrix)
    todo = {
        "ownerTypeId": 2,
        "ownerId": made["id"],
        "deadline": "2026-12-17T10:03:00+06:00",
        "title": "Ответить",
    }
    number = ok(bitrix, "crm.activity.todo.add", todo)["id"]
    assert ok(bitrix, "crm.activity.update", {"id": number, "fields": {"COMPLETED": "Y"}}) is True
    found = ok(bitrix, "crm.activity.list", {"filter": {"OWNER_ID": made["id"], "PROVIDER_ID": "CRM_TODO"}})
    assert [row["COMPLETED"] for row in found] == ["Y"]
    comment = {"fields": {"ENTITY_ID": made["id"], "ENTITY_TYPE": "deal", "COMMENT": "A"}}
    assert ok(bitrix, "crm.timeline.comment.add", comment) in bitrix.portal.comments


def test_a_person_sees_the_portal_and_nothing_written_by_clients_runs(bitrix):
    made = contact(
        bitrix, name="<script>alert(1)</script>", fm=[{"typeId": "PHONE", "value": "+79130000001"}]
    )
    deal(bitrix, title="Маникюр & <b>", contactIds=[made["id"]], opportunity="2800.50")
    with urllib.request.urlopen(bitrix.url, timeout=5) as answer:
        page = answer.read().decode()
    assert "Маникюр &amp; &lt;b&gt;" in page
    assert "+79130000001" in page
    assert "<script" not in page
    assert bitrix.portal.code not in page


def test_rows_survive_a_restart_when_a_file_is_given(tmp_path):
    path = tmp_path / "portal.json"
    with FakeBitrix24(state=path) as first:
        made = deal(first, title="A", contactIds=[contact(first)["id"]])
    with FakeBitrix24(state=path) as second:
        assert second.portal.deals == [made]
        assert contact(second)["id"] > made["id"]
