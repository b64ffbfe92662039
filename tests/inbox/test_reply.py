"""A colleague's answer: one message however often it is sent, taken from the assistant, refused in plain words."""

from __future__ import annotations

from typing import Any

from connections import accounts
from conversations import outbox
from conversations.models import Conversation, Delivery, Message
from tests.conftest import Person, Salon
from tests.inbox import stage

HTMX = {"HX-Request": "true"}


def reply(
    person: Person, thread: Conversation, text: str = "Добрый день!", key: str = "k1", **extra: Any
) -> Any:
    return person.post(f"/inbox/{thread.pk}/reply/", {"text": text, "client_key": key}, headers=HTMX, **extra)


def outgoing(salon: Salon) -> list[Message]:
    with salon.work():
        return list(Message.objects.filter(direction="out").order_by("id"))


def test_it_is_written_once_and_shown_at_once(anna: Conversation, salon: Salon, olga: Person) -> None:
    answer = reply(olga, anna)
    assert answer.status_code == 200
    assert "Добрый день!" in answer.content.decode()
    assert reply(olga, anna).status_code == 200  # the same key: the network ate the first answer
    assert [(m.text, m.author, m.user_id) for m in outgoing(salon)] == [
        ("Добрый день!", "manager", olga.user.pk)
    ]
    with salon.work():
        assert Delivery.objects.count() == 1


def test_another_key_is_another_message(anna: Conversation, salon: Salon, olga: Person) -> None:
    reply(olga, anna, key="a")
    reply(olga, anna, key="b")
    assert len(outgoing(salon)) == 2


def test_two_colleagues_keys_do_not_meet(
    anna: Conversation, salon: Salon, olga: Person, masha: Person
) -> None:
    reply(olga, anna, "Ольга", key="same")
    reply(masha, anna, "Маша", key="same")
    assert [m.text for m in outgoing(salon)] == ["Ольга", "Маша"]


def test_the_thread_is_theirs_and_nobody_waits(anna: Conversation, salon: Salon, masha: Person) -> None:
    reply(masha, anna)
    thread = stage.fresh(salon, anna)
    assert (thread.holder, thread.assignee_id, thread.waiting_since, thread.unread) == (
        "person", masha.user.pk, None, 0,
    )  # fmt: skip


def test_the_draft_is_gone_and_a_closed_thread_is_open(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    with salon.work():
        Conversation.objects.filter(pk=anna.pk).update(draft="Добрый де", state="closed")
    reply(olga, anna)
    thread = stage.fresh(salon, anna)
    assert (thread.draft, thread.state) == ("", "open")


def test_nothing_is_not_sent(anna: Conversation, salon: Salon, olga: Person) -> None:
    assert reply(olga, anna, "  \n ").status_code == 409
    assert outgoing(salon) == []


def test_a_channel_that_takes_nothing_says_so(salon: Salon, olga: Person) -> None:
    with salon.work():
        form = accounts.create("form", settings={})
    thread = stage.write(salon, bot=form)
    assert reply(olga, thread).status_code == 409
    assert "data-composer" not in olga.get(f"/inbox/{thread.pk}/").content.decode()


def test_nul_and_surrogates_do_not_break_it(anna: Conversation, salon: Salon, olga: Person) -> None:
    assert reply(olga, anna, "Да\x00нет").status_code == 200
    assert outgoing(salon)[0].text == "Да\ufffdнет"


def test_without_scripts_it_leads_back_to_the_thread(anna: Conversation, olga: Person) -> None:
    answer = olga.post(f"/inbox/{anna.pk}/reply/", {"text": "Да", "client_key": "x"})
    assert (answer.status_code, answer["Location"]) == (302, f"/inbox/{anna.pk}/")


def test_strangers_masters_and_get(
    anna: Conversation, salon: Salon, boris: Person, pasha: Person, olga: Person
) -> None:
    assert reply(boris, anna).status_code == 404
    assert reply(pasha, anna).status_code == 403
    assert olga.get(f"/inbox/{anna.pk}/reply/").status_code == 405
    assert outgoing(salon) == []


def test_send_again_is_a_new_attempt_at_the_same_message(
    anna: Conversation, salon: Salon, olga: Person
) -> None:
    reply(olga, anna)
    message = outgoing(salon)[0]
    again = f"/inbox/messages/{message.pk}/again/"
    assert olga.post(again, headers=HTMX).status_code == 409  # it is on its way
    with salon.work():
        outbox.settle(message, "in_doubt")
    assert olga.post(again, headers=HTMX).status_code == 200
    with salon.work():
        assert (Message.objects.filter(direction="out").count(), Delivery.objects.count()) == (1, 2)
        assert Message.objects.get(pk=message.pk).state == "pending"


def test_send_again_of_a_strangers_message(
    anna: Conversation, salon: Salon, olga: Person, boris: Person
) -> None:
    reply(olga, anna)
    message = outgoing(salon)[0]
    with salon.work():
        outbox.settle(message, "failed")
    assert boris.post(f"/inbox/messages/{message.pk}/again/", headers=HTMX).status_code == 404
