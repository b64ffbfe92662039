"""Today: to-dos, waiting threads, visits to mark, doubts, broken channels; a master's own visits."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from bookings.models import Staff
from connections.models import Connection
from conversations import outbox
from conversations.models import Conversation
from leads import tasks
from leads.models import Task
from tests.conftest import Person, Salon
from tests.inbox import stage
from tests.inbox.test_card import visit

HTMX = {"HX-Request": "true"}


def todo(
    salon: Salon, text: str = "Заказать полотенца", *, hours: float = 1, to: Person | None = None, **more
) -> Task:
    with salon.work():
        now = salon.now()
        return tasks.open_task(
            text, due_at=now + dt.timedelta(hours=hours), now=now, assignee=to.user if to else None, **more
        )


def page(person: Person) -> str:
    answer = person.get("/inbox/today/")
    assert answer.status_code == 200
    return answer.content.decode()


def undo(person: Person, answer) -> None:
    assert person.post(json.loads(answer["HX-Trigger"])["toast"]["undo"], headers=HTMX).status_code == 200


def test_overdue_first_then_today_then_later(salon: Salon, olga: Person) -> None:
    todo(salon, "Послезавтра", hours=60)
    todo(salon, "Скоро", hours=0.1)
    todo(salon, "Вчера", hours=-20)
    html = page(olga)
    assert html.index("Вчера") < html.index("Скоро") < html.index("Послезавтра")
    assert html.count("mz-row--late") == 1


def test_nothing_to_do_is_said(olga: Person) -> None:
    assert "mz-empty" in page(olga)


def test_done_and_undone(salon: Salon, olga: Person) -> None:
    task = todo(salon)
    answer = olga.post(f"/inbox/today/tasks/{task.pk}/done/", headers=HTMX)
    done = stage.fresh(salon, task)
    assert done.done_by_id == olga.user.pk
    assert "полотенца" not in page(olga)
    undo(olga, answer)
    assert stage.fresh(salon, task).done_at is None


def test_a_cause_with_a_newer_to_do_is_not_opened_twice(salon: Salon, olga: Person) -> None:
    first = todo(salon, key="answer:1")
    olga.post(f"/inbox/today/tasks/{first.pk}/done/", headers=HTMX)
    todo(salon, key="answer:1")
    assert olga.post(f"/inbox/today/tasks/{first.pk}/reopen/", headers=HTMX).status_code == 200
    assert stage.fresh(salon, first).done_at is not None


def test_added_by_hand(salon: Salon, olga: Person, masha: Person) -> None:
    assert olga.get("/inbox/today/tasks/new/").status_code == 200
    given = {"text": "Позвонить", "due": "2027-01-10T15:30", "to": str(masha.user.pk)}
    assert olga.post("/inbox/today/tasks/new/", given, headers=HTMX).status_code == 200
    with salon.work():
        task = Task.objects.get()
        assert (task.text, task.assignee_id, task.created_by_id) == ("Позвонить", masha.user.pk, olga.user.pk)
        assert task.due_at == dt.datetime(2027, 1, 10, 15, 30, tzinfo=salon.tenant.zone)


@pytest.mark.parametrize(
    "given", [{"text": ""}, {"text": "x", "due": "soon"}, {"text": "x", "to": "0"}, {"text": "x" * 501}]
)
def test_what_is_no_to_do_is_told(salon: Salon, olga: Person, given: dict[str, str]) -> None:
    assert olga.post("/inbox/today/tasks/new/", given, headers=HTMX).status_code == 422
    with salon.work():
        assert not Task.objects.exists()


def test_given_to_me_and_back(salon: Salon, olga: Person) -> None:
    task = todo(salon)
    answer = olga.post(f"/inbox/today/tasks/{task.pk}/give/", {"to": "me"}, headers=HTMX)
    assert stage.fresh(salon, task).assignee_id == olga.user.pk
    undo(olga, answer)
    assert stage.fresh(salon, task).assignee_id is None


def test_a_master_sees_and_does_their_own_to_dos_only(salon: Salon, pasha: Person) -> None:
    own, other = todo(salon, "Шампунь", to=pasha), todo(salon, "Чужое")
    html = page(pasha)
    assert "Шампунь" in html
    assert "Чужое" not in html
    assert pasha.post(f"/inbox/today/tasks/{own.pk}/done/", headers=HTMX).status_code == 200
    assert pasha.post(f"/inbox/today/tasks/{other.pk}/done/", headers=HTMX).status_code == 404
    assert pasha.post(f"/inbox/today/tasks/{own.pk}/give/", {"to": "me"}, headers=HTMX).status_code == 403
    assert pasha.post("/inbox/today/tasks/new/", {"text": "x"}, headers=HTMX).status_code == 403


def test_a_visit_is_marked_in_one_tap_and_unmarked(anna: Conversation, salon: Salon, olga: Person) -> None:
    booking = visit(salon, anna, hours=-1, status="confirmed")
    assert f"visit-{booking.pk}" in page(olga)
    for mark, status in (("arrive", "arrived"), ("complete", "completed")):
        answer = olga.post(f"/inbox/today/visits/{booking.pk}/{mark}/", headers=HTMX)
        assert stage.fresh(salon, booking).status == status
    undo(olga, answer)
    assert stage.fresh(salon, booking).status == "arrived"
    olga.post(f"/inbox/today/visits/{booking.pk}/no-show/", headers=HTMX)
    assert stage.fresh(salon, booking).status == "no_show"
    assert f"visit-{booking.pk}" not in page(olga)


def test_a_mark_that_cannot_be_set_says_why(anna: Conversation, salon: Salon, olga: Person) -> None:
    booking = visit(salon, anna, hours=-1, status="cancelled")
    answer = olga.post(f"/inbox/today/visits/{booking.pk}/complete/", headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["toast"]["tone"] == "loss"
    assert stage.fresh(salon, booking).status == "cancelled"


def test_a_master_marks_their_own_visits_only(anna: Conversation, salon: Salon, pasha: Person) -> None:
    booking = visit(salon, anna, hours=-1, status="confirmed")
    url = f"/inbox/today/visits/{booking.pk}/complete/"
    assert f"visit-{booking.pk}" not in page(pasha)
    assert pasha.post(url, headers=HTMX).status_code == 404
    with salon.work():
        Staff.objects.update(user=pasha.user)
    assert f"visit-{booking.pk}" in page(pasha)
    assert pasha.post(url, headers=HTMX).status_code == 200
    assert stage.fresh(salon, booking).status == "completed"


def test_waiting_threads_doubts_and_broken_channels(
    anna: Conversation, salon: Salon, olga: Person, pasha: Person
) -> None:
    other = stage.write(salon, chat="2", name="Глеб")
    with salon.work():
        doubt = outbox.reply(other, text="Дошло ли?", by=olga.user, key="d", now=salon.now())
        outbox.settle(doubt, "in_doubt")
        Connection.objects.update(state="broken", last_error="токен отозван")
    html = page(olga)
    for part in ("Анна", "Дошло ли?", "токен отозван", f"/inbox/messages/{doubt.pk}/again/"):
        assert part in html
    for part in ("Анна", "Дошло ли?", "токен отозван"):
        assert part not in page(pasha)


def test_strangers_see_and_do_nothing(anna: Conversation, salon: Salon, boris: Person, client) -> None:
    task, booking = todo(salon), visit(salon, anna, hours=-1, status="confirmed")
    html = page(boris)
    assert "полотенца" not in html
    assert "Анна" not in html
    for url in (
        f"tasks/{task.pk}/done",
        f"tasks/{task.pk}/give",
        f"visits/{booking.pk}/arrive",
        f"visits/{booking.pk}/unmark",
    ):
        assert boris.post(f"/inbox/today/{url}/", headers=HTMX).status_code == 404
    assert client.get("/inbox/today/").status_code == 302
