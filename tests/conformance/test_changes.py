"""Edits and deletions, before and after their message: the same end in any order, and every wording kept."""

from __future__ import annotations

import itertools

from tests.conformance.kit import having
from tests.conformance.post import Letter, Post
from tests.conformance.stage import Stage


@having("say", "edit")
def test_an_edit_leaves_the_new_wording_and_keeps_the_former(stage: Stage) -> None:
    anna = stage.kind.person()
    handle = anna.say("В пять")
    anna.edit(handle, "В шесть")
    stage.take_in()
    (message,) = stage.messages(direction="in")
    assert (message.text, [was["text"] for was in message.wordings]) == ("В шесть", ["В пять"])
    assert message.edited_at is not None
    assert stage.thread(anna).last_text == "В шесть"


@having("say", "take_back")
def test_what_is_deleted_stays_to_be_opened(stage: Stage) -> None:
    anna = stage.kind.person()
    handle = anna.say("Лишнее слово")
    anna.take_back(handle)
    stage.take_in()
    (message,) = stage.messages(direction="in")
    assert (message.text, message.deleted_at is not None) == ("Лишнее слово", True)


@having("say", "edit")
def test_the_order_of_a_message_and_its_edit_does_not_matter(stage: Stage, post: Post) -> None:
    ends = set()
    for order in itertools.permutations(range(2)):
        anna = stage.kind.person()
        with post.held() as letters:
            anna.edit(anna.say("В пять"), "В шесть")
        _deliver(stage, post, letters, order)
        (message,) = stage.messages(direction="in", conversation__chat=anna.chat)
        ends.add((message.text, tuple(was["text"] for was in message.wordings)))
    assert ends == {("В шесть", ("В пять",))}


@having("say", "take_back")
def test_the_order_of_a_message_and_its_deletion_does_not_matter(stage: Stage, post: Post) -> None:
    for order in itertools.permutations(range(2)):
        anna = stage.kind.person()
        with post.held() as letters:
            anna.take_back(anna.say("Лишнее"))
        _deliver(stage, post, letters, order)
        (message,) = stage.messages(direction="in", conversation__chat=anna.chat)
        assert (message.text, message.deleted_at is not None) == ("Лишнее", True)


@having("say", "edit")
def test_a_change_of_what_was_said_before_our_time_ends_quietly(stage: Stage, post: Post) -> None:
    anna = stage.kind.person()
    with post.held() as letters:
        anna.edit(anna.say("Давно"), "Иначе")
    assert post.deliver(letters[1]).status == 200
    stage.settle()
    assert [event.state for event in stage.events()] == ["done"]
    assert stage.story()["leads"] == []


def _deliver(stage: Stage, post: Post, letters: list[Letter], order: tuple[int, ...]) -> None:
    assert len(letters) == len(order)
    for number in order:
        assert post.deliver(letters[number]).status == 200
        stage.take_in()
    stage.settle()
