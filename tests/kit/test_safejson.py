"""JSON from strangers: a value or `Malformed`, soon."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import safejson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_good_json_reads_as_it_is(value):
    assert repr(safejson.loads(json.dumps(value).encode())) == repr(value)
    assert safejson.loads(safejson.dumps(value)) == safejson.loads(json.dumps(value))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_malformed(raw):
    try:
        safejson.loads(raw)
    except safejson.Malformed:
        pass


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, "1e999"]),
        (b"9" * 5000, "9" * 5000),
        (b'{"yclid":123456789012345678901}', {"yclid": 123456789012345678901}),
        (b'"\\ud800"', "\ud800"),
        (b'"a\nb"', "a\nb"),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        ('{"имя":"Анна"}'.encode("windows-1251"), {"имя": "Анна"}),
        ('{"имя":"Анна"}'.encode("utf-16"), {"имя": "Анна"}),
        ('{"a":"я"}'.encode("utf-16-le"), {"a": "я"}),
    ],
)
def test_odd_json_is_read_sensibly(raw, value):
    assert repr(safejson.loads(raw)) == repr(value)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\x00" * 10, b"nope", b"{'a':1}"]
)
def test_broken_json_is_malformed_soon(raw):
    started = time.perf_counter()
    with pytest.raises(safejson.Malformed):
        safejson.loads(raw)
    assert time.perf_counter() - started < 0.1


def test_lone_surrogates_do_not_stop_what_goes_out():
    assert safejson.dumps({"a": "\ud800b"}) == '{"a":"\ufffdb"}'.encode()
    with pytest.raises(ValueError):
        safejson.dumps(float("nan"))
