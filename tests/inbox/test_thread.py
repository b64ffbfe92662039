"""A thread's page: what was said, noted and done; what is new; nothing of a stranger's."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from conversations import outbox
from conversations.models import Author, Conversation, Message, Note
from inbox.models import Step
from tests.conftest import Person, Salon
from tests.inbox import stage


def said(html: str) -> list[str]:
    return [text.strip() for text in re.findall(r'<div class="mz-msg__body">([^<]*)', html)]


def test_messages_notes_and_steps_in_order(anna: Conversation, salon: Salon, olga: Person) -> None:
    with salon.work():
        now = salon.now()
        outbox.say(anna, text="Здравствуйте", author=Author.ASSISTANT, key="k", now=now)
        Note.objects.create(
            conversation=anna, user=olga.user, text="Заметка", created_at=now + dt.timedelta(seconds=1)
        )
        Step.objects.create(
            conversation=anna, kind="closed", user=olga.user, at=now + dt.timedelta(seconds=2)
        )
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    assert [line[:12] for line in said(html)][:3] == ["Хочу на стри", "Здравствуйте", "Заметка"]
    assert "Olga" in said(html)[3]


def test_two_statements_for_the_thread(salon: Salon, anna: Conversation, olga: Person) -> None:
    for number in range(60):
        stage.write(salon, f"Слово {number}")
    olga.get(f"/inbox/{anna.pk}/")
    seen = stage.statements(lambda: olga.get(f"/inbox/{anna.pk}/"))
    assert len(seen) == 2, seen
    assert len(stage.statements(lambda: olga.get(f"/inbox/{anna.pk}/lines/"))) == 2


def test_the_line_new_stands_before_the_first_unread(salon: Salon, anna: Conversation, olga: Person) -> None:
    stage.write(salon, "Второе")
    with salon.work():
        Conversation.objects.filter(pk=anna.pk).update(unread=1)
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    assert html.count("mz-new-mark") == 1
    assert html.index("Хочу на стрижку") < html.index("mz-new-mark") < html.index("Второе")


def test_older_lines_come_by_pages(salon: Salon, anna: Conversation, olga: Person) -> None:
    with salon.work():
        now = salon.now()
        Message.objects.bulk_create(
            Message(
                conversation=anna, contact_id=anna.contact_id, direction="in", author="client", state="received",
                text=f"Старое {number}", external_id=f"o{number}",
                created_at=now - dt.timedelta(days=1, minutes=number),
            )
            for number in range(70)
        )  # fmt: skip
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    assert "Старое 48" in html
    assert "Старое 60" not in html
    older = re.search(r"(/inbox/\d+/lines/\?before=\d+)", html)
    assert older
    html = olga.get(older[1]).content.decode()
    assert "Старое 60" in html
    assert "Старое 48" not in html
    assert "before=" not in html


def test_a_page_left_open_reads_on_from_where_it_began(
    salon: Salon, anna: Conversation, olga: Person
) -> None:
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    since = re.search(r'name="since" value="(\d+)"', html)
    assert since
    for number in range(55):
        stage.write(salon, f"Новое {number}")
    html = olga.get(f"/inbox/{anna.pk}/lines/?since={since[1]}").content.decode()
    assert "Хочу на стрижку" in html
    assert "Новое 54" in html


@pytest.mark.parametrize("moment", ["nonsense", "-1", "9" * 40, "٣"])
def test_a_moment_that_is_none_is_the_newest_page(anna: Conversation, olga: Person, moment: str) -> None:
    assert olga.get(f"/inbox/{anna.pk}/lines/?before={moment}").status_code == 200


def test_a_clients_words_are_text_and_nothing_else(salon: Salon, olga: Person) -> None:
    thread = stage.write(salon, '<script>alert(1)</script> https://example.com/?a="b"')
    html = olga.get(f"/inbox/{thread.pk}/").content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    assert 'rel="nofollow"' in html


def test_what_failed_says_why_and_what_is_uncertain_says_so(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    with salon.work():
        now = salon.now()
        failed = outbox.reply(anna, text="Не дошло", by=olga.user, key="f", now=now)
        outbox.settle(failed, "failed", error="бот заблокирован")
        doubt = outbox.reply(anna, text="Неизвестно", by=olga.user, key="d", now=now)
        outbox.settle(doubt, "in_doubt")
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    assert "бот заблокирован" in html
    assert html.count("/again/") == 2
    assert "mzi-unsure" in html


def test_roles_strangers_and_guests(
    anna: Conversation, masha: Person, pasha: Person, boris: Person, client
) -> None:
    for url in (f"/inbox/{anna.pk}/", f"/inbox/{anna.pk}/lines/", f"/inbox/{anna.pk}/card/"):
        assert masha.get(url).status_code == 200
        assert pasha.get(url).status_code == 403
        assert boris.get(url).status_code == 404
        assert client.get(url).status_code == 302


@pytest.mark.parametrize("ident", ["0", "999999999999", "9" * 30])
def test_an_id_that_is_nobodys(olga: Person, ident: str) -> None:
    assert olga.get(f"/inbox/{ident}/").status_code == 404
