"""Commands of a batch as text, and what became of each of them."""

import datetime
import decimal
import urllib.parse

import pytest

from fakes.bitrix24 import batches
from integrations.bitrix24 import batch

REF = batch.Ref("c", "item", "id")


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "m"),
        ({"id": 7, "opened": True, "closed": False}, "m?id=7&opened=Y&closed=N"),
        ({"select": ["id", "title"]}, "m?select[0]=id&select[1]=title"),
        (
            {"filter": {"=originId": "t7:lead:5", ">id": 3}},
            "m?filter[%3DoriginId]=t7%3Alead%3A5&filter[%3Eid]=3",
        ),
        ({"value": "+7 913 & #1"}, "m?value=%2B7+913+%26+%231"),
        ({"contactIds": []}, "m?contactIds[]="),
        ({"leadId": None}, "m?leadId="),
        ({"contactIds": [REF]}, "m?contactIds[0]=%24result%5Bc%5D%5Bitem%5D%5Bid%5D"),
        ({"sum": decimal.Decimal("2800.50")}, "m?sum=2800.50"),
        ({"on": datetime.date(2026, 12, 20)}, "m?on=2026-12-20"),
        ({"fm": {"n0": {"typeId": "PHONE"}}}, "m?fm[n0][typeId]=PHONE"),
        ({"text": "a\x00b\ud800"}, "m?text=a%EF%BF%BDb%EF%BF%BD"),
    ],
)
def test_command_is_encoded_once(params, text):
    assert batch.encode(batch.Command("m", params)) == text


@pytest.mark.parametrize(
    "written",
    [
        "$result[c][item][id]",
        "$RESULT[c]",
        "$results[c]",
        "$$result[c]",
        "$next[c]",
        "$total[c]",
        "$time[c]",
        "$error[c]",
    ],
)
def test_what_a_client_writes_never_becomes_a_reference(written):
    sections = {name: {"c": {"item": {"id": 498}}} for name in ("result", "next", "total", "time", "error")}
    assert batches.substituted("$result[c][item][id]", sections) == 498  # so would the portal
    encoded = batch.encode(batch.Command("m", {"name": f"hello {written} there"}))
    arrived = urllib.parse.parse_qs(encoded.partition("?")[2])["name"][0]
    assert batches.substituted(arrived, sections) == arrived
    assert arrived.replace(batch.WORD_JOINER, "") == f"hello {written} there"


def test_money_signs_of_people_are_left_alone():
    assert batch.guard("$5 for the $res[ult]") == "$5 for the $res[ult]"


def test_a_reference_of_ours_is_resolved_to_the_number():
    encoded = batch.encode(batch.Command("m", {"fields": {"contactIds": [REF]}}))
    params = batches.parse(encoded.partition("?")[2])
    sections = {"result": {"c": {"item": {"id": 498}}}}
    assert batches.substituted(params, sections) == {"fields": {"contactIds": [498]}}


def test_envelope_refuses_numbers_as_keys_and_too_many_commands():
    command = batch.Command("profile")
    with pytest.raises(ValueError, match="word"):
        batch.envelope({"0": command}, halt=False)
    with pytest.raises(ValueError, match="50"):
        batch.envelope({f"c{n}": command for n in range(51)}, halt=False)
    with pytest.raises(ValueError, match="0"):
        batch.envelope({}, halt=False)


def test_empty_sections_come_as_lists():
    result = {
        "result": {"a": []},
        "result_error": [],
        "result_time": [],
        "result_total": [],
        "result_next": [],
    }
    assert batch.decode(result, ["a"], halt=False) == {"a": batch.Done([], {})}


def test_errors_by_key_and_the_rest_of_a_halted_chain():
    result = {
        "result": {"c": {"item": {"id": 1}}},
        "result_error": {"d": {"error": "CRM_FIELD_ERROR_REQUIRED", "error_description": "City"}},
        "result_time": {"c": {"operating": 0.7}},
    }
    outcomes = batch.decode(result, ["c", "d", "t"], halt=True)
    assert outcomes["c"] == batch.Done({"item": {"id": 1}}, {"operating": 0.7})
    assert outcomes["d"] == batch.Failed("CRM_FIELD_ERROR_REQUIRED", "City")
    assert outcomes["t"] == batch.NotRun()


def test_errors_without_keys_go_to_the_silent_commands_only_when_they_fit():
    errors = [{"error": "", "error_description": "Not found"}]
    told = batch.decode({"result": {"a": 1}, "result_error": errors}, ["a", "b"], halt=False)
    assert told["b"] == batch.Failed("", "Not found")
    unclear = batch.decode({"result": [], "result_error": errors}, ["a", "b"], halt=False)
    assert unclear == {"a": batch.Unknown(), "b": batch.Unknown()}


@pytest.mark.parametrize("nonsense", [None, [], "x", 3, {}, {"result": 5, "result_error": "no"}])
def test_an_answer_that_says_nothing_leaves_everything_unknown(nonsense):
    assert batch.decode(nonsense, ["a"], halt=False) == {"a": batch.Unknown()}
