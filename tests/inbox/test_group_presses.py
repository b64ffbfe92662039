"""Buttons in a client's topic: each acts once and answers with a word."""

from __future__ import annotations

import datetime as dt

import pytest

from bookings.models import Booking, Service, Staff
from conversations.models import Contact, Conversation, Message
from fakes.telegram import buttons
from inbox.models import AlertAddress, Step
from tests.bookings.conftest import Shop, open_shop
from tests.conftest import Person
from tests.inbox import group_stage
from tests.inbox.group_stage import Stage, work
from tests.inbox.test_group_topics import tie

pytestmark = pytest.mark.usefixtures("live_db")


@pytest.fixture
def shop(desk: Stage) -> Shop:
    return open_shop(desk.salon)


def labels(desk: Stage, topic: str) -> list[str]:
    return [label for label, _value in buttons(desk.group.card(topic))]


def heard(desk: Stage, word: str) -> bool:
    """Whether the last press was answered so."""
    group_stage.until(lambda: desk.acknowledged() and desk.acknowledged()[-1].startswith(word))
    return True


def test_take(desk: Stage, masha: Person) -> None:
    tie(desk, masha, 300100)
    lena = desk.connect()
    topic = desk.client()
    card = desk.group.card(topic)
    assert labels(desk, topic) == ["Take", "Close"]
    for word in ("Yours now", "It is yours already."):
        lena.press(card, "Take")
        work()
        assert heard(desk, word)
    thread = desk.thread_of("900100")
    assert (thread.assignee_id, thread.holder) == (masha.user.pk, "person")
    with desk.salon.work():
        assert Step.objects.filter(kind="taken", user=masha.user).count() == 1
    desk.a_minute_later()
    assert labels(desk, topic) == ["Close"]
    assert "With: Masha" in desk.group.card(topic)["text"]


def test_take_by_somebody_whom_we_know_by_name_alone(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    lena.press(desk.group.card(topic), "Take")
    work()
    assert heard(desk, "Yours now")
    assert (desk.thread().assignee_id, desk.thread().holder) == (None, "person")
    with desk.salon.work():
        step = Step.objects.get(kind="taken")
        assert (step.user, step.text) == (None, "Лена")
    lena.press_value({"message_id": 1, "message_thread_id": topic}, _value(desk, topic, "Take"))
    work()
    assert heard(desk, "A colleague answers here already.")


def _value(desk: Stage, topic: str, label: str) -> str:
    """The value of a button as it stood at first."""
    with desk.salon.work():
        from inbox.group.models import Topic

        action = {"Take": "take", "Close": "close"}[label]
        return f"{action}:{Topic.objects.get(number=topic).pk}"


def test_close(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    card = desk.group.card(topic)
    for word in ("Closed", "It is closed already."):
        lena.press(card, "Close")
        work()
        assert heard(desk, word)
    desk.a_minute_later()
    assert desk.group.topics[topic]["closed"]
    with desk.salon.work():
        assert Step.objects.get(kind="closed").text == "Лена"


@pytest.mark.parametrize(
    "value", ["", "take", "take:", "take:abc", "take:999999", "take:١", "nothing:1", "a" * 64, "came:1:x"]
)
def test_what_was_made_up_does_nothing(desk: Stage, value: str) -> None:
    lena = desk.connect()
    topic = desk.client()
    lena.press_value(desk.group.card(topic), value or " ")
    work()
    assert heard(desk, "This button is of no use any more.")
    assert desk.thread().holder == "assistant"


def test_a_press_in_a_group_of_strangers_is_nobodys(desk: Stage) -> None:
    desk.connect()
    topic = desk.client()
    others = desk.server.group(-100777, "Others")
    somebody = desk.colleague(5, "Кто-то")
    somebody.group = others
    somebody.press_value({"message_id": 1}, _value(desk, topic, "Take"))
    work()
    assert desk.thread().holder == "assistant"
    assert desk.acknowledged() == []


def test_a_topic_of_another_group_is_out_of_reach(desk: Stage) -> None:
    """The number of a topic is no secret: it works in its own group alone."""
    lena = desk.connect()
    topic = desk.client()
    stolen = _value(desk, topic, "Take")
    second = desk.server.group(-100888, "Second", token=desk.group.token)
    first, desk.group = desk.group, second
    lena = desk.connect()  # the bot's group is another one now
    lena.press_value({"message_id": 1}, stolen)
    work()
    assert heard(desk, "This button is of no use any more.")
    assert desk.thread().holder == "assistant"
    assert first.words()  # the former one is left as it stood


def test_somebody_who_was_removed_presses_in_vain(desk: Stage, masha: Person) -> None:
    tie(desk, masha, 300100)
    lena = desk.connect()
    topic = desk.client()
    with desk.salon.work():
        from tenants.models import Membership

        Membership.objects.filter(user=masha.user).delete()
    lena.press(desk.group.card(topic), "Take")
    work()
    assert heard(desk, "You are not among the colleagues any more.")
    assert desk.thread_of("900100").holder == "assistant"


# ---------------------------------------------------------------- the visit
def booked(desk: Stage, shop: Shop, *, hours: float, staff: Staff | None = None) -> Booking:
    """Anna's visit, so many hours from now."""
    with desk.salon.work():
        anna = Contact.objects.get(name="Анна")
        at = shop.at(shop.monday(), "11:00")
        booking = shop.book(at, contact=anna, staff=staff or shop.pasha)
        now = desk.salon.now()
        starts = (now + dt.timedelta(hours=hours)).replace(microsecond=0)
        moved = {
            "starts_at": starts,
            "ends_at": starts + dt.timedelta(minutes=45),
            "during": (starts, starts + dt.timedelta(hours=1)),
            "local_day": starts.astimezone(desk.salon.tenant.zone).date(),
        }
        Booking.objects.filter(pk=booking.pk).update(**moved)
        from bookings import signals

        booking.refresh_from_db()
        signals.moved.send(Booking, booking=booking, starts_before=at, staff_before=booking.staff_id, now=now)
        return booking


def status(desk: Stage, booking: Booking) -> str:
    with desk.salon.work():
        return Booking.objects.get(pk=booking.pk).status


def test_came_and_done(desk: Stage, shop: Shop) -> None:
    lena = desk.connect()
    topic = desk.client()
    booking = booked(desk, shop, hours=-0.2)
    desk.a_minute_later()
    assert labels(desk, topic) == ["Take", "Free times", "Came", "No-show", "Close"]
    assert "Мужская стрижка · Паша" in desk.group.card(topic)["text"]
    card = desk.group.card(topic)
    for _time in range(2):
        lena.press({**card}, "Came")
        work()
        assert heard(desk, "Came: ")
    assert status(desk, booking) == "arrived"
    with desk.salon.work():
        assert booking.changes.filter(kind="arrived").count() == 1
    desk.a_minute_later()
    assert labels(desk, topic)[2:] == ["Visit done", "Take the mark back", "Close"]
    lena.press(desk.group.card(topic), "Visit done")
    work()
    assert status(desk, booking) == "completed"
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "Take the mark back")
    work()
    assert status(desk, booking) == "arrived"


def test_no_show(desk: Stage, shop: Shop) -> None:
    lena = desk.connect()
    topic = desk.client()
    booking = booked(desk, shop, hours=-0.2)
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "No-show")
    work()
    assert heard(desk, "Did not come: ")
    assert status(desk, booking) == "no_show"


def test_a_visit_of_next_week_has_no_marks_yet(desk: Stage, shop: Shop) -> None:
    desk.connect()
    topic = desk.client()
    booked(desk, shop, hours=24 * 8)
    desk.a_minute_later()
    assert "Came" not in labels(desk, topic)
    assert "Next visit:" in desk.group.card(topic)["text"]
    with desk.salon.work():
        from inbox.group.models import Mirror

        assert Mirror.objects.filter(kind="card", state="waiting").count() >= 2  # its morning, and its hour


def test_a_late_press_is_refused_by_the_visit_itself(desk: Stage, shop: Shop) -> None:
    lena = desk.connect()
    topic = desk.client()
    booking = booked(desk, shop, hours=-0.2)
    desk.a_minute_later()
    card = desk.group.card(topic)
    with desk.salon.work():
        from bookings import lifecycle

        lifecycle.cancel(booking, now=desk.salon.now(), by="salon")
    lena.press(card, "No-show")
    work()
    assert heard(desk, "This visit cannot be marked as missed")
    assert status(desk, booking) == "cancelled"


def test_a_master_marks_own_visits_alone(desk: Stage, shop: Shop, pasha: Person) -> None:
    tie(desk, pasha, 300100)
    with desk.salon.work():
        Staff.objects.filter(pk=shop.pasha.pk).update(user=pasha.user)
    lena = desk.connect()
    topic = desk.client()
    booking = booked(desk, shop, hours=-0.2, staff=shop.gleb)
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "Take")
    work()
    assert heard(desk, "Only managers and owners answer clients.")
    lena.press(desk.group.card(topic), "Came")
    work()
    assert heard(desk, "This is another master's visit.")
    with desk.salon.work():
        Booking.objects.filter(pk=booking.pk).update(staff=shop.pasha)
    lena.press(desk.group.card(topic), "Came")
    work()
    assert status(desk, booking) == "arrived"
    with desk.salon.work():
        assert booking.changes.get(kind="arrived").user == pasha.user
        assert AlertAddress.objects.count() == 1


# ---------------------------------------------------------------- free times
def test_free_times_for_a_chosen_service_go_to_the_client(desk: Stage, shop: Shop) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "Free times")
    desk.a_minute_later()
    asked = desk.group.shown(topic)[-1]
    assert asked["text"] == "Free times for which service?"
    assert [label for label, _value in buttons(asked)] == ["Мужская стрижка", "Борода"]
    lena.press(asked, "Борода")
    desk.a_minute_later()
    shown = desk.group.shown(topic)[-1]
    lines = shown["text"].split("\n")
    assert lines[0] == "Free for Борода:"
    assert len(lines) == 4
    assert all(line.endswith("· Паша") for line in lines[1:])
    for _time in range(2):
        lena.press(shown, "Send to the client")
        desk.a_minute_later()
    (sent,) = desk.server.sent_to(900100)
    assert sent["text"].startswith("Free times for Борода:\n• ")
    assert sent["text"].endswith("Which one suits you?")
    assert desk.thread().holder == "person"
    assert desk.group.words(topic)[-1] == f"A colleague\n{sent['text']}"  # nobody wrote it there


def test_what_the_assistant_understood_need_not_be_asked(desk: Stage, shop: Shop) -> None:
    from assistant.models import Dialogue

    lena = desk.connect()
    topic = desk.client()
    with desk.salon.work():
        Dialogue.objects.create(
            conversation=Conversation.objects.get(), memory={"service_ids": [shop.cut.pk], "wish": {}}
        )
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "Free times")
    desk.a_minute_later()
    assert desk.group.words(topic)[-1].startswith("Free for Мужская стрижка:")


def test_times_that_were_taken_meanwhile_are_not_sent(desk: Stage, shop: Shop) -> None:
    lena = desk.connect()
    topic = desk.client()
    with desk.salon.work():
        Service.objects.filter(pk=shop.cut.pk).update(active=False)
    desk.a_minute_later()
    lena.press(desk.group.card(topic), "Free times")
    desk.a_minute_later()
    shown = desk.group.shown(topic)[-1]
    with desk.salon.work():
        from inbox.group.models import Mirror

        at = dt.datetime.fromisoformat(Mirror.objects.filter(kind="say").last().payload["slots"][0][0])
        shop.book(at, services=[shop.beard], contact=None)
    lena.press(shown, "Send to the client")
    work()
    assert heard(desk, "One of them is taken by now")
    assert desk.server.sent_to(900100) == []


def test_send_again(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.server.when("sendMessage", _only_to(desk, 900100, 400), times=1)
    lena.within(topic).say("Да, приходите")
    desk.a_minute_later()
    told = desk.group.shown(topic)[-1]
    assert told["text"].startswith("Not delivered: «Да, приходите»")
    lena.press(told, "Send again")
    work()
    assert heard(desk, "Sent once more")
    assert [sent["text"] for sent in desk.server.sent_to(900100)] == ["Да, приходите"]
    lena.press(told, "Send again")
    work()
    assert heard(desk, "This message was sent already.")
    with desk.salon.work():
        assert Message.objects.get(text="Да, приходите").state == "sent"


def _only_to(desk: Stage, chat: int, status: int):
    """An answer for messages to one chat alone."""
    from fakes.telegram import error

    def answer(seen):
        if seen.params().get("chat_id") != chat:
            desk.server.rules[0].times = 1
            return None
        return error(status, "Bad Request: can't parse entities")

    return answer
