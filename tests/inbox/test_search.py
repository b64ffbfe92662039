"""Search: by name, phone in any writing, words of a message; ё is е; never a stranger's row."""

from __future__ import annotations

import pytest
from django.db import connection

from conversations.models import Conversation, Identity
from inbox import queue
from tests.conftest import Person, Salon
from tests.inbox import stage
from tests.inbox.test_list import names


@pytest.fixture
def talk(salon: Salon) -> Conversation:
    return stage.write(
        salon, "Подстригите ежика, 100% сегодня_вечером", chat="1", name="Игорь Ёлкин", phone="+79131234567"
    )


@pytest.mark.parametrize("query", ["елкин", "ЁЛКИН", "Игорь ё", "иго"])
def test_by_name(talk: Conversation, olga: Person, query: str) -> None:
    assert names(olga.get("/inbox/", {"q": query}).content.decode()) == ["Игорь Ёлкин"]


@pytest.mark.parametrize(
    "query", ["8 913 123-45-67", "+7 (913) 123", "9131234567", "123-45-67", "89131234567", "4567"]
)
def test_by_phone_in_any_writing(talk: Conversation, olga: Person, query: str) -> None:
    assert names(olga.get("/inbox/", {"q": query}).content.decode()) == ["Игорь Ёлкин"]


@pytest.mark.parametrize("query", ["ёжика", "подстриг", "100%", "сегодня_веч"])
def test_by_words_of_a_message(talk: Conversation, olga: Person, query: str) -> None:
    html = olga.get("/inbox/", {"q": query}).content.decode()
    assert names(html) == ["Игорь Ёлкин"]


@pytest.mark.parametrize("query", ["1000%", "сегодняXвечером", "8 913 000", "никто", "\\", "'; --"])
def test_what_is_not_there_is_not_found(talk: Conversation, olga: Person, query: str) -> None:
    assert names(olga.get("/inbox/", {"q": query}).content.decode()) == []


def test_by_user_name(talk: Conversation, salon: Salon, olga: Person) -> None:
    with salon.work():
        Identity.objects.filter(contact=talk.contact_id).update(username="Elka_55")
    assert names(olga.get("/inbox/", {"q": "elka_5"}).content.decode()) == ["Игорь Ёлкин"]


def test_one_thread_once_however_many_of_its_messages_match(salon: Salon, olga: Person) -> None:
    for _ in range(3):
        stage.write(salon, "борода", chat="1", name="Анна")
    assert names(olga.get("/inbox/", {"q": "борода"}).content.decode()) == ["Анна"]


@pytest.mark.parametrize("query", ["Секрет", "Чужая", "9139998877", "клиентка"])
def test_a_strangers_rows_are_never_found(foreign: Conversation, olga: Person, query: str) -> None:
    html = olga.get("/inbox/", {"q": query}).content.decode()
    assert names(html) == []
    assert "Секрет Бориса" not in html


def test_the_function_itself_answers_for_the_entered_tenant_only(
    foreign: Conversation, anna: Conversation, salon: Salon
) -> None:
    ask = "SELECT conversation_id FROM inbox_search('%%', '%%', true, 50)"
    with salon.work(), connection.cursor() as cursor:
        cursor.execute(ask)
        assert cursor.fetchall() == [(anna.pk,)]
    with connection.cursor() as cursor:
        cursor.execute(ask)
        assert cursor.fetchall() == []


def test_search_is_two_statements(talk: Conversation, olga: Person) -> None:
    seen = stage.statements(lambda: olga.get("/inbox/", {"q": "ёлкин"}))
    assert len(seen) == 2, seen


def test_the_words_are_shown_where_they_stand() -> None:
    text = "а" * 200 + " Ёжик " + "б" * 200
    found = queue.snippet(text, "ежик")
    assert "Ёжик" in found
    assert len(found) < 140
