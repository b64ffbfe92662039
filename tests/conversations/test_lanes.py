"""An account whose provider hangs or fails rests; the others go on."""

from __future__ import annotations

from conversations import lanes


def test_failures_in_a_row_make_an_account_rest_and_then_one_may_try() -> None:
    ours = lanes.Lanes()
    for _ in range(lanes.FAILURES):
        assert ours.closed_for(1, kind="telegram") == 0.0
        ours.failed(1)
    assert 0 < ours.closed_for(1, kind="telegram") <= lanes.FIRST_REST
    assert ours.closed_for(2, kind="telegram") == 0.0
    ours._lanes[1].rests_until = 0.0  # the rest is over
    assert ours.closed_for(1, kind="telegram") == 0.0
    assert ours.closed_for(1, kind="telegram") > 0, "only one tries"
    ours.failed(1)
    assert lanes.FIRST_REST < ours.closed_for(1, kind="telegram") <= 2 * lanes.FIRST_REST


def test_an_answer_ends_the_rest() -> None:
    ours = lanes.Lanes()
    for _ in range(lanes.FAILURES + 3):
        ours.failed(1)
    ours.answered(1)
    assert ours.closed_for(1, kind="telegram") == 0.0


def test_a_failure_between_answers_is_no_reason_to_rest() -> None:
    ours = lanes.Lanes()
    for _ in range(lanes.FAILURES * 3):
        ours.failed(1)
        ours.answered(1)
        assert ours.closed_for(1, kind="telegram") == 0.0


def test_an_account_with_many_late_calls_waits_and_so_does_a_whole_kind() -> None:
    ours = lanes.Lanes()
    for _ in range(lanes.LATE_PER_ACCOUNT):
        ours.is_late(1, kind="telegram", by=1)
    assert ours.closed_for(1, kind="telegram") == lanes.LATE_PAUSE
    assert ours.closed_for(2, kind="telegram") == 0.0
    for account in range(10, 10 + lanes.LATE_PER_KIND):
        ours.is_late(account, kind="telegram", by=1)
    assert ours.closed_for(2, kind="telegram") == lanes.LATE_PAUSE
    assert ours.closed_for(3, kind="webchat") == 0.0
    for account in range(10, 10 + lanes.LATE_PER_KIND):
        ours.is_late(account, kind="telegram", by=-1)
    assert ours.closed_for(2, kind="telegram") == 0.0


def test_a_provider_that_asks_for_patience_gets_it_at_once_whatever_else_it_answers() -> None:
    ours = lanes.Lanes()
    ours.be_quiet(1, seconds=30.0)
    ours.answered(1)
    assert 29 < ours.closed_for(1, kind="telegram") <= 30
    assert ours.closed_for(2, kind="telegram") == 0.0
