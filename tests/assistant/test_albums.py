"""Photos: a person is called to look, once for an album, however slowly its parts come."""

from __future__ import annotations

from typing import Any

from conversations.models import Conversation, Message
from tests.assistant.stage import Client
from tests.conftest import Salon


def photo(anna: Client, **extra: Any) -> None:
    sizes = [{"file_id": "AgAC", "file_unique_id": "u", "width": 90, "height": 60}]
    assert anna.writer.post({"message": anna.writer.message(photo=sizes, **extra)}).status == 200


def test_an_album_is_answered_once(anna: Client, salon: Salon) -> None:
    for _ in range(4):
        photo(anna, media_group_id="g")
        anna.heard()  # each part is taken in, and answered where it should be, before the next one comes
    assert len(anna.sent) == 1
    with salon.work():
        assert Message.objects.filter(direction="in").count() == 4
        assert Conversation.objects.get().holder == "person"


def test_an_album_with_words_is_answered_by_its_words(anna: Client) -> None:
    photo(anna, media_group_id="g", caption="Сколько стоит мужская стрижка?")
    answer = anna.heard()
    assert "1" in answer
    before = len(anna.sent)
    for _ in range(3):
        photo(anna, media_group_id="g")
        anna.heard()
    assert len(anna.sent) == before


def test_the_next_album_is_another_word(anna: Client, salon: Salon) -> None:
    photo(anna, media_group_id="g", caption="Сколько стоит мужская стрижка?")
    anna.heard()
    before = len(anna.sent)
    photo(anna, media_group_id="h")
    anna.heard()
    assert len(anna.sent) == before + 1
