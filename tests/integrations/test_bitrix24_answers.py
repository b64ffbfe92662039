"""Every kind of refusal, sorted: was it executed, may it be repeated, what is the owner told."""

import json
import uuid

import pytest

from integrations import errors
from integrations.bitrix24 import address, answers, client, limits, reasons
from kit import http


def reply(status, body, **headers):
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return http.Response(status, headers, raw)


def error(status, code, text="", **more):
    return reply(status, {"error": code, "error_description": text, **more})


def outcome(response, *, repeatable, method="batch"):
    """What a call makes of one answer: the value, or the failure it raises."""
    # Each call speaks to a portal of its own: the bucket of one would soon be full.
    where = address.parse(f"https://{uuid.uuid4().hex}.bitrix24.ru/rest/1/abcdefgh12345678/")
    portal = client.Client(where, limits.Pace())
    call = portal.call(method, {}, repeatable=repeatable)
    request = next(call)
    assert request.method == "POST"
    assert request.url == f"{where.url}{method}"
    try:
        if isinstance(response, Exception):
            call.throw(response)
        else:
            call.send(response)
    except StopIteration as stop:
        return stop.value
    except errors.FAILURES as failure:
        return failure
    raise AssertionError("a second request for one answer")


REFUSED = [
    (error(401, "NO_AUTH_FOUND"), "revoked"),
    (error(401, "invalid_token"), "revoked"),
    (error(401, "expired_token"), "revoked"),
    (error(401, "NOT_INSTALLED"), "revoked"),
    (error(401, "SOMETHING_NEW"), "revoked"),
    (reply(401, "<html>"), "revoked"),
    (error(403, "ACCESS_DENIED", "REST API is available only on commercial plans."), "plan"),
    (error(403, "ACCESS_DENIED", "REST доступен на коммерческих тарифах"), "plan"),
    (error(403, "ACCESS_DENIED", "?"), "plan"),
    (error(401, "PAYMENT_REQUIRED"), "plan"),
    (error(403, "insufficient_scope"), "scope"),
    (error(403, "INVALID_CREDENTIALS"), "rights"),
    (error(403, "user_access_error"), "rights"),
    (error(403, "WRONG_AUTH_TYPE"), "context"),
    (error(401, "METHOD_CONFIRM_WAITING"), "confirm"),
    (error(500, "PORTAL_DELETED"), "deleted"),
    (error(410, "PORTAL_DELETED"), "deleted"),
    (error(400, "INVALID_REQUEST", "Https required"), "https"),
    (error(404, "ERROR_METHOD_NOT_FOUND"), "method"),
    (error(400, "NOT_FOUND"), "gone"),
    (error(400, "CRM_FIELD_ERROR_REQUIRED"), "required"),
    (error(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID"), "field"),
    (error(400, "100"), "arguments"),
    (error(400, "", "Access denied."), "other"),
    (error(200, "ERROR_PLACEMENT_MAX_COUNT"), "other"),
    (reply(400, {"error": {"code": "BITRIX_REST_V3_X", "message": "no"}}), "other"),
    (reply(404, "<html>nginx</html>"), "not_portal"),
    (reply(302, "", location="https://evil.example/"), "elsewhere"),
    (reply(302, ""), "elsewhere"),
]


@pytest.mark.parametrize(("response", "code"), REFUSED)
@pytest.mark.parametrize("repeatable", [True, False])
def test_refusals_are_final_whatever_the_call(response, code, repeatable):
    failure = outcome(response, repeatable=repeatable)
    assert isinstance(failure, errors.Rejected)
    assert failure.code == code
    assert failure.revoked == (code == "revoked")
    assert str(reasons.explain(failure)) == str(reasons.WORDS[code])


def test_item_and_portal_are_told_apart_when_access_is_denied():
    alone = outcome(error(403, "ACCESS_DENIED", "Access denied"), repeatable=True, method="crm.item.get")
    assert alone.code == "rights"
    assert answers.failure("ACCESS_DENIED", "no", status=None, method="crm.item.get").code == "forbidden"


def test_a_renamed_portal_gives_its_new_address_and_is_not_followed():
    response = reply(302, "", location="https://new-name.bitrix24.ru/rest/1/abcdefgh12345678/batch")
    failure = outcome(response, repeatable=False)
    assert failure.code == "renamed"
    assert failure.moved_to == "https://new-name.bitrix24.ru/rest/1/abcdefgh12345678/"
    assert "abcdefgh" not in str(failure)


PAUSED = [
    (error(503, "QUERY_LIMIT_EXCEEDED"), "rate", True),
    (error(429, "OPERATION_TIME_LIMIT"), "operating", False),
    (error(503, "OVERLOAD_LIMIT"), "overload", True),
]


@pytest.mark.parametrize(("response", "reason", "whole"), PAUSED)
@pytest.mark.parametrize("repeatable", [True, False])
def test_not_now_was_not_executed_so_even_a_create_may_be_repeated(response, reason, whole, repeatable):
    failure = outcome(response, repeatable=repeatable, method="crm.item.add")
    assert isinstance(failure, errors.Retry)
    assert failure.reason == reason
    assert failure.whole_account == whole
    assert failure.after > 0


UNKNOWN = [
    error(500, "INTERNAL_SERVER_ERROR"),
    error(500, "ERROR_UNEXPECTED_ANSWER"),
    error(500, "SOMETHING_NEW"),
    reply(500, {}),
    reply(502, "<html>Bad Gateway</html>"),
    reply(503, ""),
    reply(504, "<html>"),
    errors.Uncertain("the connection broke"),
]


@pytest.mark.parametrize("response", UNKNOWN)
def test_an_open_outcome_is_repeated_for_reads_and_uncertain_for_creates(response):
    read = outcome(response, repeatable=True)
    assert isinstance(read, errors.Retry)
    assert read.reason == "no_answer"
    assert isinstance(outcome(response, repeatable=False), errors.Uncertain)


def test_a_page_with_a_good_status_is_another_site_when_reading_and_uncertain_when_creating():
    assert outcome(reply(200, "<html>shop</html>"), repeatable=True).code == "not_portal"
    assert isinstance(outcome(reply(200, "<html>shop</html>"), repeatable=False), errors.Uncertain)


def test_not_reached_is_passed_on():
    assert isinstance(outcome(errors.Unreachable("refused"), repeatable=False), errors.Unreachable)


def test_a_result_with_its_numbers():
    answer = outcome(reply(200, {"result": [], "total": 0, "time": {"operating": 0.1}}), repeatable=True)
    assert answer == answers.Answer([], 0, {"operating": 0.1})


@pytest.mark.parametrize(
    "failure", [errors.Unreachable(), errors.Uncertain(), errors.Retry(1, "?"), ValueError()]
)
def test_every_failure_has_words(failure):
    assert str(reasons.explain(failure))
