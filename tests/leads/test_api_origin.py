"""What the API tells of a request's origin, and of a letter."""

from __future__ import annotations

import pytest

from conversations.models import Message
from leads.models import Lead
from tests.conftest import Api, Salon
from tests.conversations import facts

pytestmark = pytest.mark.usefixtures("live_db")


def test_a_lead_tells_its_first_touch_beside_the_last(salon: Salon, api: Api) -> None:
    facts.write(salon, "telegram", "anna")
    with salon.work():
        Lead.objects.update(
            source="vk", campaign="nov", first_source="yandex", first_medium="cpc", first_campaign="oct"
        )
    (lead,) = api.get("leads/").json()["results"]
    told = {name: lead[name] for name in ("source", "first_source", "first_medium", "first_campaign")}
    assert told == {
        "source": "vk",
        "first_source": "yandex",
        "first_medium": "cpc",
        "first_campaign": "oct",
    }


def test_a_letter_tells_its_subject_and_files(salon: Salon, api: Api) -> None:
    facts.write(salon, "telegram", "anna", message={"subject": "Запись на стрижку"})
    with salon.work():
        assert Message.objects.get().subject
    (message,) = api.get("messages/").json()["results"]
    assert (message["subject"], message["files"]) == ("Запись на стрижку", [])
