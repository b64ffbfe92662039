"""What could not be read stands on its channel's page with all that came, and is tried again by a button or the API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from connections.hooks import Door
from connections.models import InboundEvent
from conversations.models import Message
from leads.models import Lead, Task
from tests import asgi
from tests.conftest import Api, Person, Salon
from tests.connections import telegram
from work import sweep

BROKEN = b'{"update_id": 1, "message": "<script>alert(1)</script>"'


def take_in() -> None:
    while sweep.run(sweep.queue("inbound")):
        pass


@pytest.fixture
def unread(live_db: Any, salon: Salon) -> InboundEvent:
    """An update that broke on its way."""
    path = telegram.connect(salon)
    assert asgi.call(Door(), "POST", path, BROKEN, telegram.SECRET).status == 200
    take_in()
    with salon.work():
        return InboundEvent.objects.get(state="dead")


def mend(salon: Salon, event: InboundEvent) -> None:
    """As if the reader had learnt to read it."""
    with salon.work():
        message = telegram.Writer(None, "").message(text="Хочу на стрижку")
        body = json.dumps({"update_id": 1, "message": message}).encode()
        InboundEvent.objects.filter(pk=event.pk).update(raw=body)


def page_of(event: InboundEvent) -> str:
    return f"/channels/{event.connection_id}/"


def test_it_stands_on_the_channels_page_and_is_shown_safely(unread: InboundEvent, olga: Person) -> None:
    html = olga.get(page_of(unread)).content.decode()
    one = f"{page_of(unread)}unread/{unread.pk}/"
    assert one in html
    shown = olga.get(one).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "<script>alert" not in shown
    assert unread.last_error in shown


def test_tried_again_it_becomes_the_clients_word(unread: InboundEvent, salon: Salon, olga: Person) -> None:
    mend(salon, unread)
    assert olga.post(f"{page_of(unread)}unread/{unread.pk}/again/").status_code == 302
    take_in()
    with salon.work():
        assert InboundEvent.objects.get().state == "done"
        assert Message.objects.get().text == "Хочу на стрижку"
        lead = Lead.objects.exclude(status="lost").get()
        assert lead.contact is not None
        assert Task.objects.get(reason="raw_lead").done_at is not None
    assert 'id="unread"' not in olga.get(page_of(unread)).content.decode()


def test_tried_again_in_vain_it_stands_there_once(unread: InboundEvent, salon: Salon, olga: Person) -> None:
    olga.post(f"{page_of(unread)}unread/{unread.pk}/again/")
    take_in()
    with salon.work():
        assert InboundEvent.objects.get().state == "dead"
        assert (Lead.objects.count(), Task.objects.filter(done_at=None).count()) == (1, 1)
    assert f"unread/{unread.pk}/" in olga.get(page_of(unread)).content.decode()


def test_what_is_being_read_is_not_begun_twice(unread: InboundEvent, salon: Salon, olga: Person) -> None:
    for _ in range(2):
        olga.post(f"{page_of(unread)}unread/{unread.pk}/again/")
    with salon.work():
        assert InboundEvent.objects.get().state == "pending"


def test_strangers_and_masters(unread: InboundEvent, boris: Person, pasha: Person) -> None:
    one = f"{page_of(unread)}unread/{unread.pk}/"
    assert (boris.get(one).status_code, boris.post(f"{one}again/").status_code) == (404, 404)
    assert (pasha.get(one).status_code, pasha.post(f"{one}again/").status_code) == (403, 403)


def test_a_script_gets_all_that_came_and_has_it_read_again(
    unread: InboundEvent, salon: Salon, api: Api
) -> None:
    listed = api.get("inbound-events/?state=dead").json()["results"]
    assert [event["id"] for event in listed] == [unread.pk]
    assert "body" not in listed[0]
    whole = api.get(f"inbound-events/{unread.pk}/").json()
    assert base64.b64decode(whole["body"]) == BROKEN
    assert (whole["method"], whole["state"]) == ("POST", "dead")
    mend(salon, unread)
    assert api.post(f"inbound-events/{unread.pk}/retry/").json()["state"] == "new"
    take_in()
    assert api.get(f"inbound-events/{unread.pk}/").json()["state"] == "done"
    assert api.post(f"inbound-events/{unread.pk}/retry/").status_code == 409


def test_another_salons_event_is_not_there(unread: InboundEvent, boris_api: Api) -> None:
    assert boris_api.get(f"inbound-events/{unread.pk}/").status_code == 404
    assert boris_api.post(f"inbound-events/{unread.pk}/retry/").status_code == 404
