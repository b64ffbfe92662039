"""Drafts kept for everybody, notes for colleagues, and what was seen."""

from __future__ import annotations

from conversations.models import Conversation, Message, Note
from tests.conftest import Person, Salon
from tests.inbox import stage

HTMX = {"HX-Request": "true"}


def draft(person: Person, thread: Conversation, text: str) -> int:
    return person.post(f"/inbox/{thread.pk}/draft/", {"text": text}, headers=HTMX).status_code


def test_a_draft_waits_in_the_thread(anna: Conversation, salon: Salon, olga: Person, masha: Person) -> None:
    assert draft(olga, anna, "Добрый де") == 204
    assert "Добрый де</textarea>" in masha.get(f"/inbox/{anna.pk}/").content.decode()
    assert stage.fresh(salon, anna).generation == anna.generation
    draft(olga, anna, "")
    assert stage.fresh(salon, anna).draft == ""


def test_what_was_just_sent_is_no_draft(anna: Conversation, salon: Salon, olga: Person) -> None:
    olga.post(f"/inbox/{anna.pk}/reply/", {"text": "Ждём вас", "client_key": "k"}, headers=HTMX)
    draft(olga, anna, "Ждём вас")  # the page told of it before the send and was heard after it
    assert stage.fresh(salon, anna).draft == ""


def test_a_note_is_seen_by_colleagues_and_sent_to_nobody(
    anna: Conversation, salon: Salon, olga: Person, masha: Person
) -> None:
    answer = olga.post(f"/inbox/{anna.pk}/note/", {"text": "Постоянная"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Постоянная" in masha.get(f"/inbox/{anna.pk}/").content.decode()
    with salon.work():
        assert not Message.objects.filter(direction="out").exists()
        assert stage.fresh(salon, anna).waiting_since == anna.waiting_since


def test_ones_own_note_is_taken_back_nobody_elses(
    anna: Conversation, salon: Salon, olga: Person, masha: Person, boris: Person
) -> None:
    olga.post(f"/inbox/{anna.pk}/note/", {"text": "Ошибка"}, headers=HTMX)
    with salon.work():
        note = Note.objects.get()
    url = f"/inbox/notes/{note.pk}/drop/"
    assert masha.post(url, headers=HTMX).status_code == 404
    assert boris.post(url, headers=HTMX).status_code == 404
    assert olga.post(url, headers=HTMX).status_code == 200
    with salon.work():
        assert not Note.objects.exists()


def test_an_empty_note_is_none(anna: Conversation, salon: Salon, olga: Person) -> None:
    assert olga.post(f"/inbox/{anna.pk}/note/", {"text": " "}, headers=HTMX).status_code == 409


def test_seen_when_it_is_on_the_screen_not_when_it_is_listed(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    olga.get("/inbox/")
    html = olga.get(f"/inbox/{anna.pk}/").content.decode()
    assert stage.fresh(salon, anna).unread == 1
    with salon.work():
        last = Message.objects.get().pk
    assert f"upto:{last}" in html
    answer = olga.post(f"/inbox/{anna.pk}/seen/", {"upto": last}, headers=HTMX)
    assert "inbox" in answer["HX-Trigger"]
    thread = stage.fresh(salon, anna)
    assert (thread.unread, thread.waiting_since) == (0, anna.waiting_since)


def test_a_word_that_came_meanwhile_stays_unread(anna: Conversation, salon: Salon, olga: Person) -> None:
    with salon.work():
        last = Message.objects.get().pk
    stage.write(salon, "И ещё")
    olga.post(f"/inbox/{anna.pk}/seen/", {"upto": last}, headers=HTMX)
    assert stage.fresh(salon, anna).unread == 1


def test_seen_up_to_nonsense(anna: Conversation, olga: Person) -> None:
    for upto in ("", "x", "-1", "9" * 40):
        assert olga.post(f"/inbox/{anna.pk}/seen/", {"upto": upto}, headers=HTMX).status_code == 400
