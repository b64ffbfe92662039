"""/api/v1/spend/: added, read, changed, taken back; by its owner alone."""

from __future__ import annotations

import pytest

from tenants.models import AuditEntry, Role
from tests.conftest import Api, token_of

# A refusal rolls back what was half-written, so requests need transactions of their own.
pytestmark = pytest.mark.usefixtures("live_db")


def test_a_days_spend(api: Api):
    made = api.post("spend/", {"date": "2026-04-05", "channel_kind": "avito", "amount": "500", "kind": "ads"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert row == {
        "id": row["id"], "date": "2026-04-05", "from": "2026-04-05", "to": "2026-04-05", "channel_kind": "avito",
        "source": "avito", "campaign": None, "amount": "500.00", "kind": "ads", "note": "",
    }  # fmt: skip
    assert api.get(f"spend/{row['id']}/").json() == row
    assert api.get("spend/").json() == {"next": None, "previous": None, "results": [row]}


def test_a_spend_over_days_counts_in_the_report(api: Api):
    api.post(
        "spend/",
        {
            "from": "2026-04-15",
            "to": "2026-05-14",
            "source": "yandex_direct",
            "campaign": "spring",
            "amount": "100",
        },
    )
    report = api.get("economics/?from=2026-04-01&to=2026-04-30&by=campaign").json()
    assert report["metrics"]["spend_ads"]["value"] == "53.38"
    assert [row["key"] for row in report["rows"]] == ["yandex_direct/spring"]


WRONG = [
    ({"amount": "1"}, "from"),
    ({"date": "2026-04-05"}, "amount"),
    ({"date": "2026-04-05", "amount": "1.001"}, "amount"),
    ({"date": "2026-04-05", "amount": "1e400"}, "amount"),
    ({"date": "2026-04-05", "amount": "NaN"}, "amount"),
    ({"date": "yesterday", "amount": "1"}, "date"),
    ({"date": "2026-04-05", "from": "2026-04-05", "to": "2026-04-05", "amount": "1"}, "date"),
    ({"from": "2026-04-05", "to": "2026-04-04", "amount": "1"}, "to"),
    ({"from": "2026-04-05", "to": "2056-04-04", "amount": "1"}, "to"),
    ({"date": "1026-04-05", "amount": "1"}, "from"),
    ({"date": "2026-04-05", "amount": "1", "kind": "bribe"}, "kind"),
    ({"date": "2026-04-05", "amount": "1", "channel_kind": "pigeon"}, "channel_kind"),
    ({"date": "2026-04-05", "amount": "1", "channel_kind": "avito", "source": "vk"}, "source"),
    ({"date": "2026-04-05", "amount": "1", "campaign": "spring"}, "source"),
    ({"date": "2026-04-05", "amount": "1", "source": "x" * 101}, "source"),
]


def test_what_makes_no_sense_is_refused_by_name(api: Api):
    for body, field in WRONG:
        refused = api.post("spend/", body)
        assert refused.status_code == 400, body
        assert set(refused.json()) == {"code", "message", "fields"}
        assert field in refused.json()["fields"], body
    assert api.get("spend/").json()["results"] == []


def test_a_change_keeps_what_it_does_not_name(api: Api, salon):
    row = api.post("spend/", {"date": "2026-04-05", "source": "avito", "amount": "500"}).json()
    changed = api.patch(f"spend/{row['id']}/", {"amount": "-20.50"})
    assert changed.status_code == 200
    assert changed.json() == row | {"amount": "-20.50"}
    moved = api.patch(f"spend/{row['id']}/", {"from": "2026-04-01", "to": "2026-04-30", "source": ""}).json()
    assert (moved["from"], moved["to"], moved["source"], moved["amount"]) == (
        "2026-04-01",
        "2026-04-30",
        None,
        "-20.50",
    )
    with salon.work():
        assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True))[-3:] == [
            "spend.added", "spend.changed", "spend.changed",
        ]  # fmt: skip


def test_a_row_taken_back_counts_nowhere(api: Api):
    row = api.post("spend/", {"date": "2026-04-05", "source": "avito", "amount": "500"}).json()
    assert api.delete(f"spend/{row['id']}/").status_code == 204
    assert api.get(f"spend/{row['id']}/").status_code == 404
    assert api.get("spend/").json()["results"] == []
    assert (
        api.get("economics/?from=2026-04-01&to=2026-04-30").json()["metrics"]["cac"]["reason"] == "no_spend"
    )


def test_lists_are_narrowed(api: Api):
    for day, source, kind in (("2026-04-01", "avito", "ads"), ("2026-05-01", "vk", "other")):
        api.post("spend/", {"date": day, "source": source, "amount": "1", "kind": kind})
    assert [row["source"] for row in api.get("spend/").json()["results"]] == ["vk", "avito"]
    assert [row["source"] for row in api.get("spend/?to=2026-04-30").json()["results"]] == ["avito"]
    assert [row["source"] for row in api.get("spend/?from=2026-04-02&kind=other").json()["results"]] == ["vk"]
    assert [row["source"] for row in api.get("spend/?source=avito").json()["results"]] == ["avito"]
    assert api.get("spend/?from=soon").status_code == 400
    page = api.get("spend/?limit=1").json()
    assert len(page["results"]) == 1
    assert api.get(page["next"]).json()["results"][0]["source"] == "avito"


def test_a_repeat_with_the_same_key_is_one_row(api: Api):
    body = {"date": "2026-04-05", "source": "avito", "amount": "500"}
    first, second = (api.post("spend/", body, Idempotency_Key="april-avito") for _ in range(2))
    assert first.json() == second.json()
    assert len(api.get("spend/").json()["results"]) == 1


def test_a_stranger_finds_nothing(api: Api, boris_api: Api):
    row = api.post("spend/", {"date": "2026-04-05", "source": "avito", "amount": "500"}).json()
    assert boris_api.get("spend/").json()["results"] == []
    for call in (boris_api.get, boris_api.delete, boris_api.patch):
        assert call(f"spend/{row['id']}/").status_code == 404
    assert (
        boris_api.get("economics/?from=2026-04-01&to=2026-04-30").json()["metrics"]["spend_ads"]["value"]
        == "0.00"
    )


def test_money_is_the_owners(salon):
    for role in (Role.MANAGER, Role.MASTER):
        lower = Api(token_of(salon, role))
        assert lower.get("spend/").status_code == 403
        assert lower.post("spend/", {"date": "2026-04-05", "amount": "1"}).status_code == 403
        assert lower.get("economics/?from=2026-04-01&to=2026-04-30").status_code == 403
    assert Api("nobody").get("spend/").status_code == 401
