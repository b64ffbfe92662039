"""A chat about a listing carries no name and no listing: both are asked at Avito after the first word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connections import accounts
from connections.hooks import Door
from conversations.models import Contact, Lookup, Message
from fakes.avito import FakeAvito
from leads.models import Lead, Touch
from tests import asgi
from tests.conftest import Person, Salon
from work import sweep


@pytest.fixture
def avito(settings: Any) -> Iterator[FakeAvito]:
    with FakeAvito() as running:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "avito": running.url}
        yield running


def first_word(salon: Salon, avito: FakeAvito) -> None:
    anna = avito.person(121185841, "Анна")
    row = avito.add(anna.chat, anna.id, "text", {"text": "Ещё делаете?"})
    value = {
        "id": row["id"], "chat_id": anna.chat, "user_id": avito.user_id, "author_id": anna.id, "type": "text",
        "created": row["created"], "chat_type": "u2i", "content": {"text": "Ещё делаете?"}, "item_id": anna.item,
    }  # fmt: skip
    told = {
        "id": "e1",
        "version": "v3.0.0",
        "timestamp": row["created"],
        "payload": {"type": "message", "value": value},
    }
    with salon.work():
        path = accounts.hook_path(
            accounts.create(
                "avito",
                settings={
                    "user_id": str(avito.user_id),
                    "client_id": avito.client_id,
                    "client_secret": avito.client_secret,
                },
            )
        )
    assert asgi.call(Door(), "POST", path, json.dumps(told).encode()).status == 200
    sweep.run(sweep.queue("inbound"))


def test_the_name_and_the_listings_card_arrive_after_the_first_word(
    live_db: Any, salon: Salon, avito: FakeAvito
) -> None:
    first_word(salon, avito)
    assert sweep.run(sweep.queue("lookups")) == 1
    with salon.work():
        assert Contact.objects.get().name == "Анна"
        card = Message.objects.get(direction="in").media[0]
        assert (card["kind"], card["title"], card["price"]) == ("ad", "Manicure", "1 500 ₽")
        assert (Lead.objects.get().source, Touch.objects.latest("id").ad["title"]) == ("avito", "Manicure")
        assert Lookup.objects.get().state == "done"
        thread = Message.objects.get(direction="in").conversation_id
    page = Person(salon.owner, salon).get(f"/inbox/{thread}/").content.decode()
    assert "Manicure" in page
    assert "1 500 ₽" in page
    assert 'href="https://avito.ru/omsk/3363702577"' in page


def test_while_avito_is_away_the_chat_goes_on_and_the_question_waits(
    live_db: Any, salon: Salon, avito: FakeAvito
) -> None:
    first_word(salon, avito)
    avito.stop()
    sweep.run(sweep.queue("lookups"))
    with salon.work():
        row = Lookup.objects.get()
        assert (row.state, row.attempts) == ("pending", 1)
        assert Message.objects.filter(direction="in").exists()
