"""A Telegram group where each client is a topic: what stands there, and what is answered there."""

from __future__ import annotations

import datetime as dt

import pytest

from connections.models import InboundEvent
from conversations.models import MediaFile, Note
from inbox import attach
from inbox.group.models import GroupCode, Mirror, StaffGroup, Topic
from inbox.models import AlertAddress, Step
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.inbox import group_stage
from tests.inbox.group_stage import Stage, work

pytestmark = pytest.mark.usefixtures("live_db")


def test_a_code_said_in_the_group_connects_it(desk: Stage) -> None:
    desk.connect()
    assert desk.state() == ("ok", "")
    with desk.salon.work():
        group = StaffGroup.objects.get()
        assert (group.chat, group.title) == (str(desk.group.chat), "Shift")
    assert "connected" in desk.group.words()[0]


def test_a_code_works_once_and_a_group_of_others_is_passed_over(desk: Stage) -> None:
    desk.connect()
    stranger = desk.server.group(-100777, "Others")
    somebody = desk.colleague(5, "Кто-то")
    somebody.group = stranger
    somebody.say("привет")
    work()
    with desk.salon.work():
        event = InboundEvent.objects.order_by("-id").first()
        assert (event.state, event.last_error) == ("ignored", "in a group that is none of ours")
        GroupCode.objects.update(expires_at=desk.salon.now() - dt.timedelta(seconds=1))
        assert StaffGroup.objects.count() == 1
    assert stranger.words() == []


def test_an_old_code_is_told_of(desk: Stage) -> None:
    lena = desk.colleague()
    with desk.salon.work():
        from connections.models import Connection
        from inbox.group import attaching

        bot = Connection.objects.get()
        line = attaching.invite(bot, by=desk.salon.owner, now=desk.salon.now()).line
        GroupCode.objects.update(expires_at=desk.salon.now() - dt.timedelta(seconds=1))
    lena.say(line)
    work()
    group_stage.until(lambda: any("used or old" in text for text in desk.group.words()))
    with desk.salon.work():
        assert not StaffGroup.objects.exists()


def test_a_clients_first_word_makes_a_topic_with_a_card(desk: Stage) -> None:
    desk.connect()
    topic = desk.client("Можно на стрижку?")
    assert desk.group.topics[topic]["name"] == "Анна · Telegram"
    card = desk.group.card(topic)
    assert card["text"].startswith("Анна · Telegram\n")
    assert "Request: new" in card["text"]
    assert f"/inbox/{desk.thread().pk}/" in card["text"]
    assert desk.group.words(topic)[1:] == ["Анна\nМожно на стрижку?"]
    assert not any("Анна" in text for text in desk.group.words())  # nothing outside of topics
    desk.client("И покрасить")
    assert len(desk.group.topics) == 1
    assert desk.group.words(topic)[-1] == "Анна\nИ покрасить"


def test_a_colleagues_word_goes_to_the_client(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    lena.within(topic).say("Да, приходите в 15:00")
    work()
    assert [sent["text"] for sent in desk.server.sent_to(900100)] == ["Да, приходите в 15:00"]
    (message,) = desk.messages()
    assert (message.author, message.user, message.state) == ("manager", None, "sent")
    assert message.hint == "Лена, in the colleagues' group"
    assert (desk.thread().holder, desk.thread().waiting_since) == ("person", None)
    assert len(desk.group.words(topic)) == 2  # what was written there is not said there once more


def test_a_colleague_who_tied_their_telegram_answers_by_name(desk: Stage, masha: Person) -> None:
    tie(desk, masha, 300100)
    lena = desk.connect()
    lena.within(desk.client()).say("Добрый день!")
    work()
    message = desk.messages()[-1]
    assert (message.user, message.hint) == (masha.user, "")
    assert desk.thread().assignee == masha.user


def tie(desk: Stage, person: Person, chat: int) -> None:
    """A colleague ties their own chat with the bot."""
    with desk.salon.work():
        invitation = attach.invite(person.user, attach.bots()[0], now=desk.salon.now())
    assert invitation is not None
    desk.client(f"/start {invitation.url.partition('start=')[2]}", chat=chat, name="Лена")
    with desk.salon.work():
        assert AlertAddress.objects.filter(user=person.user).exists()


def test_a_master_and_somebody_who_left_answer_nobody(desk: Stage, pasha: Person) -> None:
    tie(desk, pasha, 300100)
    lena = desk.connect()
    topic = desk.client()
    lena.within(topic).say("Я свободен")
    work()
    assert desk.group.words(topic)[-1] == "Not sent: only managers and owners answer clients."
    with desk.salon.work():
        from tenants.models import Membership

        Membership.objects.filter(user=pasha.user).delete()
    lena.say("И всё же")
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Not sent: you are not among the colleagues any more."
    assert [message.text for message in desk.messages() if message.author == "manager"] == []


def test_two_slashes_are_a_note(desk: Stage) -> None:
    lena = desk.connect()
    lena.within(desk.client()).say("// постоянный клиент")
    work()
    with desk.salon.work():
        assert Note.objects.get().text == "Лена: постоянный клиент"
    assert desk.messages() == []


def test_talk_outside_of_clients_topics_is_nobodys(desk: Stage) -> None:
    lena = desk.connect()
    desk.client()
    lena.within("").say("Девочки, кто завтра?")
    desk.group.topics["4000"] = {"name": "Курилка", "closed": False}
    lena.within("4000").say("Я!")
    work()
    assert desk.messages() == []


def test_the_inbox_and_the_topic_are_one_thread(desk: Stage, olga: Person) -> None:
    desk.connect()
    topic = desk.client()
    olga.post(f"/inbox/{desk.thread().pk}/reply/", {"text": "Здравствуйте!", "client_key": "k"})
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Olga\nЗдравствуйте!"
    assert "With: Olga" in desk.group.card(topic)["text"]


def test_an_edit_of_the_client_and_one_of_a_colleague(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client("В 15")
    with desk.salon.work():
        number = int(InboundEvent.objects.count())
    assert number
    edited = desk.writer.message(text="В 16", edit_date=1)
    with desk.salon.work():
        from conversations.models import Message

        first = Message.objects.get(text="В 15")
        edited["message_id"] = int(first.external_id.rpartition(":")[2])
    desk.writer.post({"edited_message": edited})
    work()
    assert "Анна changed to: В 16" in desk.group.words(topic)
    lena.within(topic)
    told = lena.message(text="Хорошо")
    lena.post({"message": told})
    work()
    lena.post({"edited_message": {**told, "text": "Плохо", "edit_date": 2}})
    desk.a_minute_later()
    assert desk.group.words(topic)[-1].startswith("The client has the first wording.")
    assert len(desk.server.sent_to(900100)) == 1


def test_photos_go_both_ways(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    anna = desk.server.person(900100, "Анна")
    anna.post = desk._post  # type: ignore[method-assign]
    anna.send_photo("Вот так хочу")
    desk.a_minute_later()
    shown = desk.group.shown(topic)
    assert shown[-2]["text"] == "Анна\nВот так хочу"
    assert (shown[-1]["method"], shown[-1]["caption"]) == ("sendPhoto", "Анна")
    lena.within(topic).send_photo("Примерно так?")
    work()
    (sent,) = desk.server.sent_to(900100)
    assert (sent["method"], sent["caption"]) == ("sendPhoto", "Примерно так?")
    with desk.salon.work():
        assert MediaFile.objects.filter(message__direction="out").count() == 1
    desk.a_minute_later()
    assert len(desk.group.shown(topic)) == 4  # Lena's photo stands there already


def test_a_file_that_cannot_be_fetched_is_told_of(desk: Stage) -> None:
    lena = desk.connect()
    topic = desk.client()
    lena.within(topic).send_photo("Так?", content=b"\x89PNG not there")
    desk.server.files.clear()
    desk.a_minute_later()
    assert "The file did not go to the client" in desk.group.words(topic)[-1]
    assert desk.server.sent_to(900100) == []


def test_a_private_thread_and_one_that_is_no_clients_stay_out(desk: Stage, olga: Person) -> None:
    desk.connect()
    topic = desk.client("Реклама!")
    olga.post(f"/inbox/{desk.thread_of('900100').pk}/silence/")
    desk.a_minute_later()
    assert desk.group.topics[topic]["closed"]
    desk.client("Ещё реклама!")
    assert desk.group.words(topic)[-1] == "Анна\nРеклама!"


def test_closing_and_opening_again(desk: Stage, olga: Person) -> None:
    desk.connect()
    topic = desk.client()
    olga.post(f"/inbox/{desk.thread().pk}/close/")
    desk.a_minute_later()
    assert desk.group.topics[topic]["closed"]
    assert "The conversation is closed" in desk.group.card(topic)["text"]
    desk.client("Ещё вопрос")
    desk.a_minute_later()
    assert not desk.group.topics[topic]["closed"]
    assert desk.group.words(topic)[-1] == "Анна\nЕщё вопрос"


def test_a_new_name_is_the_topics(desk: Stage, olga: Person) -> None:
    desk.connect()
    topic = desk.client()
    olga.post(f"/inbox/{desk.thread().pk}/contact/", {"name": "Анна К.", "phone": "+7 913 123-45-67"})
    desk.a_minute_later()
    assert desk.group.topics[topic]["name"] == "Анна К. · Telegram"
    assert "+7 913 123-45-67" in desk.group.card(topic)["text"]


def test_the_assistant_that_asks_for_a_person_is_read_out(desk: Stage) -> None:
    from assistant import signals

    desk.connect()
    topic = desk.client()
    with desk.salon.work():
        signals.handed_over.send(
            object, conversation=desk.thread(), summary="Хочет скидку", now=desk.salon.now()
        )
    work()
    assert desk.group.words(topic)[-1] == "❗ The assistant asks for a person: Хочет скидку"


def test_every_row_is_told_once(desk: Stage) -> None:
    """The provider tells an update twice, and the queue is swept again."""
    lena = desk.connect()
    topic = desk.client()
    lena.within(topic)
    told = lena.message(text="Да")
    for _time in range(2):
        lena.post({"message": told})
        work()
    assert len(desk.server.sent_to(900100)) == 1
    with desk.salon.work():
        assert Lead.objects.count() == 1
        assert Topic.objects.count() == 1
        assert Step.objects.filter(kind="taken").count() == 0
        assert Mirror.objects.filter(kind="say", state="done").count() == 1


def test_two_groups_of_strangers_never_meet(desk: Stage, other_salon: Salon) -> None:
    desk.connect()
    desk.client()
    with other_salon.work():
        assert not StaffGroup.objects.exists()
        assert not Mirror.objects.exists()
