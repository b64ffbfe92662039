"""What comes in stands once, in its order, and nothing of it is lost: duplicates, batches, redelivery, strangers."""

from __future__ import annotations

from connections.models import InboundEvent
from conversations.models import Conversation
from leads.models import Lead
from tests.conformance.kit import having
from tests.conformance.post import Post
from tests.conformance.stage import Stage


def texts(stage: Stage, **narrowed: object) -> list[str]:
    return [message.text for message in stage.messages(direction="in", **narrowed)]


@having("reach")
def test_a_request_that_comes_three_times_and_twice_at_once_is_one(stage: Stage, post: Post) -> None:
    with post.held() as letters:
        stage.kind.person().reach()
    assert letters
    for letter in letters:
        assert post.at_once([letter] * 2) != [], letter
    stage.take_in()
    once, events = stage.story(), len(stage.events())
    assert once["leads"], "somebody turned to the salon"
    for letter in letters * 2:
        assert post.deliver(letter).status < 300
    stage.take_in()
    assert post.refused == []
    assert len(stage.events()) == events <= len(letters)
    assert stage.story() == once


@having("say")
def test_ten_texts_stand_in_their_order_beside_another_chat(stage: Stage) -> None:
    anna, boris = stage.kind.person(), stage.kind.person()
    for number in range(10):
        anna.say(f"Анна {number}")
        boris.say(f"Борис {number}")
    stage.take_in()
    for person, name in ((anna, "Анна"), (boris, "Борис")):
        said = texts(stage, conversation__chat=person.chat)
        assert said == [f"{name} {number}" for number in range(10)]
    with stage.salon.work():
        assert (Conversation.objects.count(), Lead.objects.count()) == (2, 2)


@having("say")
def test_ten_texts_at_once_are_one_person_one_thread_one_lead(stage: Stage, post: Post) -> None:
    anna = stage.kind.person()
    with post.held() as letters:
        for number in range(10):
            anna.say(f"Слово {number}")
    assert set(post.at_once(letters)) == {200}
    stage.take_in()
    assert sorted(texts(stage)) == sorted(f"Слово {number}" for number in range(10))
    story = stage.story()
    assert (len(story["contacts"]), len(story["leads"])) == (1, 1)


@having("album")
def test_an_album_is_one_bubble_and_one_answer(stage: Stage) -> None:
    anna = stage.kind.person()
    anna.album()
    stage.take_in()
    messages = stage.messages(direction="in")
    assert len(messages) == 1 or len({message.group_key for message in messages} - {""}) == 1
    story = stage.story()
    assert len(story["files"]) == 3
    assert len(story["answers"]) <= 1
    assert stage.thread(anna).generation == 1


@having("batch", "say")
def test_a_bad_item_of_a_batch_costs_none_of_the_good_ones(stage: Stage, post: Post) -> None:
    people = [stage.kind.person() for _ in range(3)]
    with post.held() as letters:
        for number, person in enumerate(people):
            person.say(f"Слово {number}")
    assert post.deliver(stage.kind.joined(letters)).status == 200
    stage.settle()
    assert sorted(texts(stage)) == ["Слово 0", "Слово 1", "Слово 2"]
    assert len(stage.story()["leads"]) >= 3


@having("unknown")
def test_an_event_of_unknown_kind_is_kept_and_is_nobodys_request(stage: Stage) -> None:
    stage.kind.person().unknown()
    stage.take_in()
    (event,) = stage.events()
    assert (event.state, bool(event.last_error)) == ("ignored", True), event.last_error
    assert stage.story()["leads"] == stage.story()["messages"] == []


@having("block", "unblock", "say")
def test_who_stops_taking_messages_is_not_written_to_until_they_take_them_again(stage: Stage) -> None:
    anna = stage.kind.person()
    stage.meet(anna)
    anna.block()
    stage.take_in()
    assert stage.thread(anna).blocked_at is not None
    message = stage.say(anna, "Вы ещё с нами?")
    stage.settle()
    assert stage.fresh(message).state in ("failed", "cancelled")
    assert anna.got() == []
    anna.unblock()
    stage.take_in()
    assert stage.thread(anna).blocked_at is None
    stage.say(anna, "С возвращением!")
    stage.settle()
    assert [one.text for one in anna.got()][-1] == "С возвращением!"
    assert "Вы ещё с нами?" not in [one.text for one in anna.got()]


@having("reach")
def test_all_of_a_day_told_again_changes_nothing(stage: Stage, post: Post) -> None:
    anna = stage.kind.person()
    anna.reach()
    for deed in ("unknown", "own_app", "album", "block", "unblock"):
        if stage.kind.has(deed):
            getattr(anna, deed)(*(["Добрый день!"] if deed == "own_app" else []))
    if stage.kind.has("edit"):
        anna.edit(anna.say("Было"), "Стало")
    if stage.kind.has("take_back"):
        anna.take_back(anna.say("Лишнее"))
    stage.settle()
    before, known = stage.story(), {event.pk: event.state for event in stage.events()}
    letters = list(post.sent)
    with stage.salon.work():
        # What has no id of the provider's own is known again within its minute alone.
        for event in InboundEvent.objects.filter(weak_id=True):
            InboundEvent.objects.filter(pk=event.pk).update(external_id=f"a day ago: {event.pk}")
    for letter in reversed(letters):
        assert post.deliver(letter).status < 300
    stage.poll()
    stage.settle()
    assert stage.story() == before
    now = {event.pk: event.state for event in stage.events()}
    assert now.items() >= known.items()
    assert set(now.values()) <= {"done", "ignored"}
