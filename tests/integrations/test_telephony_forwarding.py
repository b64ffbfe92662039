"""What the owner of an ordinary mobile number dials."""

import pytest

from integrations.telephony import forwarding


def test_the_codes_of_a_missed_call():
    answer, busy, unreachable = forwarding.codes("8 (495) 111-22-33", seconds=22)
    assert answer.on == "**61*+74951112233**20#"
    assert (answer.off, answer.ask) == ("##61#", "*#61#")
    assert busy.on == "**67*+74951112233#"
    assert unreachable.on == "**62*+74951112233#"
    assert (unreachable.off, unreachable.ask) == ("##62#", "*#62#")
    assert all(str(code.when) for code in (answer, busy, unreachable))


@pytest.mark.parametrize(("seconds", "wait"), [(0, 5), (12, 10), (13, 15), (20, 20), (99, 30)])
def test_networks_wait_by_fives(seconds, wait):
    (code,) = forwarding.codes("+74951112233", conditions=("no_answer",), seconds=seconds)
    assert code.on.endswith(f"**{wait}#")


def test_all_calls_and_no_calls():
    (code,) = forwarding.codes("+74951112233", conditions=("always",))
    assert (code.on, code.off) == ("**21*+74951112233#", "##21#")
    assert forwarding.cancel() == "##002#"
    assert forwarding.cancel("busy") == "##67#"


@pytest.mark.parametrize("number", ["", "101", "позвоните", "##002#"])
def test_what_is_no_phone_is_never_dialled(number):
    with pytest.raises(ValueError, match="phone"):
        forwarding.codes(number)


def test_a_link_that_a_phone_dials():
    assert forwarding.dial_link("##61#") == "tel:%23%2361%23"


def test_the_operators():
    assert set(forwarding.OPERATORS) == {"mts", "beeline", "megafon", "t2", "yota"}
    assert all(operator.name and str(operator.note) for operator in forwarding.OPERATORS.values())
