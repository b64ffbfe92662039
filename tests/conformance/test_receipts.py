"""What the provider reports on our messages: in any order, again and again, and before its own answer to our call."""

from __future__ import annotations

import itertools

from conversations.models import Delivery
from tests.conformance.kit import having
from tests.conformance.stage import Stage
from work.rows import State

KNOWN = ("sent", "delivered", "read")


@having("send", "delivered")
def test_receipts_in_any_order_end_the_same_and_never_go_back(stage: Stage) -> None:
    states = [state for state in KNOWN if stage.kind.has(state)]
    for order in itertools.permutations(states):
        person = stage.kind.person()
        stage.know(person)
        message = stage.say(person, "Ждём вас завтра")
        stage.carry()
        (arrived,) = person.got()
        best = -1
        for state in (*order, *order):
            person.report(arrived, state)
            stage.take_in()
            now = stage.fresh(message).state
            best = max(best, KNOWN.index(state))
            assert now == KNOWN[max(best, 0)], (order, state)


@having("send", "read")
def test_what_was_read_is_shown_as_read(stage: Stage) -> None:
    person = stage.kind.person()
    stage.know(person)
    first, second = stage.say(person, "Раз"), stage.say(person, "Два")
    stage.settle()
    person.report(person.got()[0], "read")
    stage.take_in()
    assert (stage.fresh(first).state, stage.fresh(second).state) == ("read", "sent")
    person.report(person.got()[1], "read")
    stage.take_in()
    assert stage.fresh(second).read_at is not None


@having("send", "failed")
def test_a_failure_that_is_reported_later_is_shown_with_its_reason(stage: Stage) -> None:
    person = stage.kind.person()
    stage.know(person)
    message = stage.say(person, "Ждём вас завтра")
    stage.carry()
    assert stage.fresh(message).state == "sent"
    person.report(person.got()[0], "failed")
    stage.take_in()
    failed = stage.fresh(message)
    assert (failed.state, bool(failed.error)) == ("failed", True)


@having("send", "delivered")
def test_a_receipt_before_the_answer_to_our_call_is_not_lost(stage: Stage) -> None:
    person = stage.kind.person()
    stage.know(person)
    message = stage.say(person, "Ждём вас завтра")
    stage.carry()
    (arrived,) = person.got()
    known = stage.fresh(message).external_id
    with stage.salon.work():
        type(message).objects.filter(pk=message.pk).update(state="pending", external_id="", sent_at=None)
        Delivery.objects.filter(message=message).update(
            state=State.CALLING, lease_until=stage.salon.now() + stage.LEASE
        )
    person.report(arrived, "delivered")
    stage.take_in()
    with stage.salon.work():  # the answer comes after all
        found = type(message).objects.get(pk=message.pk)
        found.external_id = found.external_id or known
        found.state = "sent" if found.state == "pending" else found.state
        found.save()
        Delivery.objects.filter(message=message).update(state=State.DONE, lease_until=None)
    stage.settle()
    assert stage.fresh(message).state == "delivered"
    assert len(stage.messages(direction="out")) == 1
