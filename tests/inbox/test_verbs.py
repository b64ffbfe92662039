"""What is done with a thread: given, taken, handed back, closed, put off, silenced; each can be undone."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from assistant.models import Answer
from conversations.models import Conversation
from inbox import closing
from inbox.models import Step, Wakeup
from tests.conftest import Person, Salon
from tests.inbox import stage
from work import sweep

HTMX = {"HX-Request": "true"}


def do(person: Person, thread: Conversation, verb: str, **data: str):
    return person.post(f"/inbox/{thread.pk}/{verb}/", data, headers=HTMX)


def undo(person: Person, answer) -> None:
    url = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    assert person.post(url, headers=HTMX).status_code == 200


def kinds(salon: Salon) -> list[str]:
    with salon.work():
        return list(Step.objects.order_by("id").values_list("kind", flat=True))


def test_to_me_to_a_colleague_to_nobody(
    anna: Conversation, salon: Salon, olga: Person, masha: Person
) -> None:
    do(olga, anna, "assign", to="me")
    thread = stage.fresh(salon, anna)
    assert (thread.assignee_id, thread.holder, thread.generation) == (
        olga.user.pk,
        "person",
        anna.generation + 1,
    )
    given = do(olga, anna, "assign", to=str(masha.user.pk))
    assert stage.fresh(salon, anna).assignee_id == masha.user.pk
    undo(olga, given)
    assert stage.fresh(salon, anna).assignee_id == olga.user.pk
    do(olga, anna, "assign", to="")
    assert stage.fresh(salon, anna).assignee_id is None
    assert kinds(salon) == ["taken", "assigned", "taken", "released"]


def test_only_those_who_answer_here(
    anna: Conversation, salon: Salon, olga: Person, pasha: Person, boris: Person
) -> None:
    for nobody in (str(pasha.user.pk), str(boris.user.pk), "0", "x"):
        assert do(olga, anna, "assign", to=nobody).status_code == 409
    assert stage.fresh(salon, anna).assignee_id is None
    menu = olga.get(f"/inbox/{anna.pk}/people/").content.decode()
    assert "Pasha" not in menu
    assert "Boris" not in menu


def test_handed_back_the_assistant_answers_who_waits(anna: Conversation, salon: Salon, olga: Person) -> None:
    do(olga, anna, "assign", to="me")
    given = do(olga, anna, "hand-back")
    thread = stage.fresh(salon, anna)
    assert (thread.holder, thread.assignee_id) == ("assistant", None)
    with salon.work():
        assert Answer.objects.filter(generation=thread.generation, state="pending").exists()
    undo(olga, given)
    assert stage.fresh(salon, anna).holder == "person"


def test_an_assistant_that_is_off_takes_nothing_back(anna: Conversation, salon: Salon, olga: Person) -> None:
    stage.calm_assistant(salon)
    do(olga, anna, "assign", to="me")
    assert do(olga, anna, "hand-back").status_code == 409
    assert stage.fresh(salon, anna).holder == "person"


def test_closed_and_opened_again_the_client_still_waits(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    closed = do(olga, anna, "close")
    thread = stage.fresh(salon, anna)
    assert (thread.state, thread.waiting_since, thread.unread) == ("closed", None, 0)
    undo(olga, closed)
    thread = stage.fresh(salon, anna)
    assert (thread.state, thread.waiting_since) == ("open", anna.waiting_since)
    assert kinds(salon) == ["closed", "reopened"]


def test_the_clients_next_word_opens_a_closed_thread(anna: Conversation, salon: Salon, olga: Person) -> None:
    do(olga, anna, "close")
    stage.write(salon, "Ещё вопрос")
    thread = stage.fresh(salon, anna)
    assert thread.state == "open"
    assert thread.waiting_since is not None


@pytest.mark.parametrize("until", ["hour", "tomorrow", "2027-03-01T10:00"])
def test_put_off_and_back_in_time(anna: Conversation, salon: Salon, olga: Person, until: str) -> None:
    assert do(olga, anna, "put-off", until=until).status_code == 200
    thread = stage.fresh(salon, anna)
    assert (thread.state, thread.waiting_since) == ("snoozed", None)
    assert thread.snoozed_until > salon.now()
    sweep.run(sweep.queue(closing.QUEUE))
    assert stage.fresh(salon, anna).state == "snoozed"
    with salon.work():
        Conversation.objects.filter(pk=anna.pk).update(snoozed_until=salon.now())
        Wakeup.objects.update(due_at=salon.now() - dt.timedelta(seconds=1))
    sweep.run(sweep.queue(closing.QUEUE))
    thread = stage.fresh(salon, anna)
    assert (thread.state, thread.snoozed_until) == ("open", None)
    assert thread.waiting_since is not None
    assert thread.unread


def test_put_off_again_the_first_time_wakes_nobody(anna: Conversation, salon: Salon, olga: Person) -> None:
    do(olga, anna, "put-off", until="hour")
    do(olga, anna, "put-off", until="tomorrow")
    with salon.work():
        Wakeup.objects.update(due_at=salon.now() - dt.timedelta(seconds=1))
    sweep.run(sweep.queue(closing.QUEUE))
    assert stage.fresh(salon, anna).state == "snoozed"


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01T10:00", "2099-01-01T10:00", "2026-13-45T99:99"])
def test_a_moment_that_will_not_come(anna: Conversation, salon: Salon, olga: Person, until: str) -> None:
    assert do(olga, anna, "put-off", until=until).status_code == 409
    assert stage.fresh(salon, anna).state == "open"


def test_not_a_client_and_a_client_after_all(anna: Conversation, salon: Salon, olga: Person) -> None:
    silenced = do(olga, anna, "silence")
    thread = stage.fresh(salon, anna)
    assert (thread.not_a_client, thread.holder, thread.state) == (True, "none", "closed")
    stage.write(salon, "Реклама")
    with salon.work():
        assert not Answer.objects.filter(generation=thread.generation + 1).exists()
    undo(olga, silenced)
    thread = stage.fresh(salon, anna)
    assert (thread.not_a_client, thread.holder, thread.state) == (False, "person", "open")


@pytest.mark.parametrize(
    "verb",
    ["assign", "hand-back", "close", "reopen", "put-off", "silence", "unsilence", "note", "draft", "seen"],
)
def test_strangers_masters_guests_and_get(
    verb: str, anna: Conversation, salon: Salon, olga: Person, boris: Person, pasha: Person, client
) -> None:
    url = f"/inbox/{anna.pk}/{verb}/"
    assert boris.post(url, {"text": "x", "to": "me", "upto": "9"}, headers=HTMX).status_code == 404
    assert pasha.post(url, headers=HTMX).status_code == 403
    assert client.post(url).status_code == 302
    assert olga.get(url).status_code == 405
    assert stage.fresh(salon, anna).generation == anna.generation
