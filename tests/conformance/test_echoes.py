"""The owner answers in the provider's own app, and our own messages come back: the one is ours, the other no news."""

from __future__ import annotations

from conversations.models import Delivery
from tests.conformance.kit import having
from tests.conformance.stage import Stage
from work import sweep
from work.rows import State


@having("say", "own_app")
def test_an_answer_in_the_native_app_is_ours_and_silences_the_assistant(stage: Stage) -> None:
    anna = stage.kind.person()
    stage.meet(anna)
    anna.own_app("Добрый день! Чем помочь?")
    stage.take_in()
    (message,) = stage.messages(direction="out")
    assert (message.text, message.author, message.state) == ("Добрый день! Чем помочь?", "manager", "sent")
    thread = stage.thread(anna)
    assert (thread.holder, thread.waiting_since) == ("person", None)
    anna.say("Хочу записаться на завтра")
    stage.take_in()
    for _ in range(3):
        sweep.run(sweep.queue("answers"))
        stage.settle()
        stage.pass_time()
    assert anna.got() == []
    assert [message.author for message in stage.messages(direction="out")] == ["manager"]
    assert stage.thread(anna).waiting_since is not None


@having("say", "send", "hear_us")
def test_our_own_message_that_comes_back_is_no_second_one(stage: Stage) -> None:
    anna = stage.kind.person()
    stage.meet(anna)
    message = stage.say(anna, "Да, приходите в 15:00")
    stage.carry()
    (arrived,) = anna.got()
    for _ in range(2):
        anna.hear_us(arrived)
    stage.settle()
    assert [one.pk for one in stage.messages(direction="out")] == [message.pk]
    assert stage.fresh(message).state in ("sent", "delivered", "read")
    assert stage.thread(anna).holder == "assistant", "nobody took the thread over"


@having("say", "send", "hear_us")
def test_an_echo_that_comes_before_our_own_record_is_no_second_message(stage: Stage) -> None:
    """The provider took it, the answer is on its way, and the echo is here already. The assistant wrote it."""
    anna = stage.kind.person()
    stage.meet(anna)
    thread = stage.thread(anna)
    message = stage.say(anna, "Записала вас на 15:00", author="assistant", generation=thread.generation)
    stage.carry()
    (arrived,) = anna.got()
    with stage.salon.work():
        type(message).objects.filter(pk=message.pk).update(state="pending", external_id="", sent_at=None)
        Delivery.objects.filter(message=message).update(
            state=State.CALLING, lease_until=stage.salon.now() + stage.LEASE
        )
    anna.hear_us(arrived)
    stage.take_in()
    assert [one.pk for one in stage.messages(direction="out")] == [message.pk]
    assert stage.thread(anna).holder == "assistant"
