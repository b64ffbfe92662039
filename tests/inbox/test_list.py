"""The list: who waits longest, views, pages, and nothing of a stranger's."""

from __future__ import annotations

import datetime as dt
import re

from conversations import outbox
from conversations.models import Author, Conversation
from inbox import queue
from tests.conftest import Person, Salon
from tests.inbox import stage


def names(html: str) -> list[str]:
    return re.findall(r'mz-row__title"><span>([^<]+)</span>', html)


def page_of(person: Person, query: str = "") -> str:
    answer = person.get(f"/inbox/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_longest_wait_stands_on_top_and_the_answered_below(salon: Salon, olga: Person) -> None:
    stage.write(salon, chat="1", name="Пять минут", ago=5)
    stage.write(salon, chat="2", name="Час", ago=60)
    answered = stage.write(salon, chat="3", name="Отвечено", ago=90)
    with salon.work():
        outbox.say(answered, text="Здравствуйте", author=Author.ASSISTANT, key="a", now=salon.now())
    assert names(page_of(olga)) == ["Час", "Пять минут", "Отвечено"]
    assert names(page_of(olga, "?view=waiting")) == ["Час", "Пять минут"]


def test_mine_later_and_closed(salon: Salon, olga: Person, masha: Person) -> None:
    for number, name in enumerate(("Моя", "Машина", "Потом", "Закрытая")):
        stage.write(salon, chat=str(number), name=name)
    with salon.work():
        rows = {c.contact.name: c for c in Conversation.objects.select_related("contact")}
        Conversation.objects.filter(pk=rows["Моя"].pk).update(assignee=olga.user)
        Conversation.objects.filter(pk=rows["Машина"].pk).update(assignee=masha.user)
        Conversation.objects.filter(pk=rows["Потом"].pk).update(
            state="snoozed", snoozed_until=salon.now() + dt.timedelta(days=1), waiting_since=None
        )
        Conversation.objects.filter(pk=rows["Закрытая"].pk).update(state="closed", waiting_since=None)
    assert names(page_of(olga, "?view=mine")) == ["Моя"]
    assert names(page_of(masha, "?view=mine")) == ["Машина"]
    assert names(page_of(olga, "?view=later")) == ["Потом"]
    assert names(page_of(olga, "?view=closed")) == ["Закрытая"]
    assert set(names(page_of(olga))) == {"Моя", "Машина"}


def test_a_channel_alone(salon: Salon, olga: Person) -> None:
    from connections import accounts

    stage.write(salon, chat="1", name="Из Телеграма")
    with salon.work():
        chat = accounts.create("webchat", settings={}, name="Чат")
    stage.write(salon, chat="visitor-0000000000000001", name="С сайта", bot=chat)
    assert names(page_of(olga, f"?channel={chat.pk}")) == ["С сайта"]
    assert names(page_of(olga, "?channel=nonsense")) != []


def test_pages_follow_each_other_without_a_gap_or_a_double(salon: Salon, olga: Person, monkeypatch) -> None:
    monkeypatch.setattr(queue.page, "__kwdefaults__", (queue.page.__kwdefaults__ or {}) | {"size": 3})
    for number in range(4):
        stage.write(salon, chat=f"w{number}", name=f"Ждёт {number}", ago=100 - number)
    for number in range(4):
        thread = stage.write(salon, chat=f"a{number}", name=f"Отвечено {number}", ago=50)
        with salon.work():
            at = salon.now() - dt.timedelta(minutes=number)
            outbox.say(thread, text="Да", author=Author.ASSISTANT, key=f"k{number}", now=at)
    seen, html = [], page_of(olga)
    for _ in range(5):
        seen += names(html)
        further = re.search(r'href="(/inbox/\?after=[^"]+)"', html)
        if not further:
            break
        html = olga.get(further[1] + "&part=rows").content.decode()
    assert seen == [f"Ждёт {n}" for n in range(4)] + [f"Отвечено {n}" for n in range(4)]


def test_a_cursor_that_is_none_is_the_first_page(anna: Conversation, olga: Person) -> None:
    for cursor in ("nonsense", "%00", "MC4xLjE", "Li4", "LjEuOTk5OTk5OTk5OTk5OTk5OTk5"):
        assert olga.get(f"/inbox/?after={cursor}").status_code == 200


def test_two_statements_whatever_the_length(salon: Salon, olga: Person) -> None:
    for number in range(30):
        stage.write(salon, chat=str(number), name=f"Клиент {number}")
    olga.get("/inbox/")
    seen = stage.statements(lambda: olga.get("/inbox/"))
    assert len(seen) == 2, seen


def test_a_further_page_is_one_statement(anna: Conversation, olga: Person) -> None:
    cursor = queue.Cursor(None, dt.datetime(2030, 1, 1, tzinfo=dt.UTC), 1).encoded()
    seen = stage.statements(lambda: olga.get(f"/inbox/?after={cursor}&part=rows"))
    assert len(seen) == 1, seen


def test_the_title_counts_what_a_person_should_look_at(salon: Salon, olga: Person) -> None:
    stage.write(salon, chat="1", name="Ассистент отвечает", ago=0)  # a second ago: the assistant is at it
    stage.write(salon, chat="2", name="Забыта", ago=5)
    with salon.work():
        assert queue.frame(user_id=olga.user.pk).unread == 1
    assert 'data-unread="1"' in page_of(olga)


def test_an_assistant_that_is_off_holds_no_thread(salon: Salon, anna: Conversation, olga: Person) -> None:
    assert "#robot" in page_of(olga)
    assert "#robot" in olga.get(f"/inbox/{anna.pk}/?part=thread").content.decode()
    stage.calm_assistant(salon)
    assert "#robot" not in page_of(olga)
    html = olga.get(f"/inbox/{anna.pk}/?part=thread").content.decode()
    assert "mzi-word" not in html
    with salon.work():
        assert queue.frame(user_id=olga.user.pk).unread == 1


def test_a_strangers_threads_are_not_there(foreign: Conversation, anna: Conversation, olga: Person) -> None:
    html = page_of(olga)
    assert names(html) == ["Анна"]
    assert "Секрет" not in html


def test_a_master_has_no_inbox_and_a_guest_signs_in(anna: Conversation, pasha: Person, client) -> None:
    assert pasha.get("/inbox/").status_code == 403
    assert client.get("/inbox/").status_code == 302


def test_an_empty_inbox_teaches(salon: Salon, olga: Person) -> None:
    from connections import accounts

    html = page_of(olga)
    assert names(html) == []
    assert 'href="/channels/"' in html
    with salon.work():
        chat = accounts.create("webchat", settings={})
        path = f"/w/{accounts.token_of(chat)}/"
    assert f'href="{path}"' in page_of(olga)
    assert path not in page_of(olga, "?view=waiting")
