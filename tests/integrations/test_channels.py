"""The battery of `cases.py`, run over every kind of channel."""

import inspect
import json
import time
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import errors, registry
from integrations.protocols import channel as protocol
from integrations.protocols.channel import Channel, HookReply, HookRequest, Outgoing
from kit import http
from tests.integrations import cases, wires

BY_NAME = {wires.name_of(wire): wire for wire in wires.all_wires()}


@pytest.fixture(params=BY_NAME)
def wire(request):
    return BY_NAME[request.param]


def expected(failure):
    """A ParseError that was meant: the last net of a parser is for bugs, and a body that reaches it shows one."""
    assert not failure.reason.startswith("unreadable"), repr(failure.__cause__)


def requests_of(wire):
    return list(wire.requests.items())


def test_every_channel_of_the_registry_has_its_cases():
    assert set(registry.channels) == {wire.kind for wire in BY_NAME.values()}


def test_every_provider_of_a_kind_has_its_cases_and_its_guide():
    for kind in registry.channels:
        channel = registry.channel(kind)
        field = next((field for field in channel.fields if field.name == "provider"), None)
        offered = {value for value, _label in field.choices} if field else set()
        assert set(channel.guides) == offered
        assert {f"{kind}-{provider}" for provider in offered} <= set(BY_NAME)


def test_it_is_a_channel(wire):
    assert isinstance(wire.channel, Channel)
    assert wire.channel.kind == wire.kind
    assert str(wire.channel.label)
    assert wire.channel.refused_status in (401, 403)
    names = [field.name for field in wire.channel.fields]
    assert len(names) == len(set(names))
    assert all(str(field.label) for field in wire.channel.fields)
    assert all(field.secret for field in wire.channel.fields if field.generated)


def test_capabilities_agree_with_each_other(wire):
    capabilities = wire.channel.capabilities
    assert capabilities.receipts <= {"delivered", "read", "failed"}
    assert capabilities.inbound_only == (not wire.sends)
    if capabilities.inline_buttons or capabilities.reply_keyboard:
        assert capabilities.max_buttons > 0
        assert capabilities.max_buttons_row > 0
    if wire.sends:
        assert capabilities.max_text > 0


def test_good_events_are_let_in_stored_once_and_understood(wire):
    ids = set()
    for name, request in requests_of(wire):
        assert wire.channel.handshake(wire.settings, request) is None, name
        assert wire.channel.verify(wire.settings, request) is True, name
        event = wire.channel.event_id(request)
        assert event is None or 0 < len(event) <= 200
        assert event == wire.channel.event_id(request)
        ids.add(event)
        reply = wire.channel.acknowledge(wire.settings, request)
        assert isinstance(reply, HookReply)
        assert 200 <= reply.status < 400
        facts = wire.channel.parse(wire.settings, request)
        assert facts == wire.channel.parse(wire.settings, request)
        assert facts
        for fact in facts:
            cases.assert_sound(fact)
    assert len(ids - {None}) == len([1 for _, r in requests_of(wire) if wire.channel.event_id(r)])


def test_events_of_one_chat_share_their_thread_key(wire):
    for _, request in requests_of(wire):
        key = wire.channel.thread_key(request)
        for fact in wire.channel.parse(wire.settings, request):
            if getattr(fact, "chat", None):
                assert key == fact.chat


def test_forgeries_are_refused(wire):
    for name, request in requests_of(wire):
        for headers in wire.forge:
            kept = {"content-type": request.headers["content-type"]}
            forged = HookRequest(headers={**kept, **headers}, body=request.body)
            assert wire.channel.verify(wire.settings, forged) is False, (name, headers)


@pytest.mark.parametrize("name", cases.hostile_bodies())
def test_hostile_bodies_end_in_facts_or_in_a_parse_error(wire, name):
    body = cases.hostile_bodies()[name]
    kinds = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "")
    for content_type in (*kinds, "text/plain; charset=windows-1251", "text/plain; charset=no-such"):
        signed = wire.sign(body)
        request = HookRequest(headers={**signed.headers, "content-type": content_type}, body=body)
        started = time.perf_counter()
        reply = wire.channel.handshake(wire.settings, request)
        assert reply is None or isinstance(reply, HookReply)
        assert wire.channel.verify(wire.settings, request) in (True, False)
        event, thread = wire.channel.event_id(request), wire.channel.thread_key(request)
        assert event is None or 0 < len(event) <= 200
        assert thread is None or 0 < len(thread) <= 300
        assert isinstance(wire.channel.acknowledge(wire.settings, request), HookReply)
        try:
            facts = wire.channel.parse(wire.settings, request)
        except errors.ParseError as failure:
            expected(failure)
        else:
            assert facts
            for fact in facts:
                cases.assert_sound(fact)
        assert time.perf_counter() - started < 1.5


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["private", "group", "/start vk_autumn", "89131234567", "\x00", "\ud800", 10**30, -1, 0]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(tree, path=()):
    """Paths of every value in a JSON tree."""
    found = [path]
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(tree, path, value):
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


def trees_of(wire):
    """(a good event as a tree, how such a tree is written): JSON, or a form whose values may hold JSON."""
    found = []
    for _, request in requests_of(wire):
        if request.headers["content-type"] == "application/json":
            found.append((json.loads(request.body), lambda tree: json.dumps(tree).encode()))
        elif request.body or request.query:
            pairs = {**request.query, **dict(parse_qsl(request.body.decode()))}
            tree = {key: json.loads(text) if text[:1] == "{" else text for key, text in pairs.items()}
            found.append((tree, as_form))
    return found


def as_form(tree):
    pairs = tree.items() if isinstance(tree, dict) else [("field", tree)]
    told = [(key, text if isinstance(text, str) else json.dumps(text)) for key, text in pairs]
    return urlencode(told, errors="replace").encode()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_events_with_any_part_exchanged_end_in_facts_or_in_a_parse_error(wire, data):
    tree, written = data.draw(st.sampled_from(trees_of(wire)))
    for _ in range(data.draw(st.integers(1, 3))):
        tree = replaced(tree, data.draw(st.sampled_from(places(tree))), data.draw(VALUES))
    request = wire.sign(written(tree))
    wire.channel.handshake(wire.settings, request)
    wire.channel.verify(wire.settings, request)
    wire.channel.event_id(request)
    wire.channel.thread_key(request)
    wire.channel.acknowledge(wire.settings, request)
    try:
        facts = wire.channel.parse(wire.settings, request)
    except errors.ParseError as failure:
        expected(failure)
    else:
        for fact in facts:
            cases.assert_sound(fact)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=300))
def test_any_bytes_end_in_facts_or_in_a_parse_error(wire, body):
    request = wire.sign(body)
    wire.channel.event_id(request)
    wire.channel.thread_key(request)
    try:
        wire.channel.parse(wire.settings, request)
    except errors.ParseError as failure:
        expected(failure)


def test_sending_is_a_call_and_what_cannot_be_sent_is_rejected_without_a_request(wire):
    def first_step(outgoing):
        call = wire.channel.send(wire.settings, outgoing)
        assert inspect.isgenerator(call)
        try:
            return next(call)
        except StopIteration as stop:
            return stop.value
        finally:
            call.close()

    if not wire.sends:
        with pytest.raises(errors.Rejected):
            first_step(wire.outgoing)
        return
    step = first_step(wire.outgoing)
    assert isinstance(step, http.Request | http.Work | protocol.Sent)
    if isinstance(step, http.Request | http.Work):
        for bad in (
            Outgoing(chat=wire.outgoing.chat, text=""),
            Outgoing(chat=wire.outgoing.chat, text=" \n"),
            Outgoing(chat=wire.outgoing.chat, text="a" * (wire.channel.capabilities.max_text + 1)),
            Outgoing(chat="no such chat", text="a"),
        ):
            with pytest.raises(errors.Rejected):
                first_step(bad)


def test_split_texts_can_be_sent(wire):
    if not wire.sends:
        return
    long = "Длинное предложение номер один. 😀" * 1000
    for part in protocol.split(long, wire.channel.capabilities):
        call = wire.channel.send(wire.settings, Outgoing(chat=wire.outgoing.chat, text=part, key="k"))
        try:
            next(call)
        except StopIteration:
            pass
        call.close()


def test_no_setting_shows_in_a_request_of_ours(wire):
    """What is logged of a request names no secret."""
    call = wire.channel.connect(wire.settings, "https://marzha.example/hooks/x/y/")
    try:
        request = next(call)
    except StopIteration:
        return
    told = {value for name, value in wire.settings.items() if name != "provider"}
    assert not any(value in repr(request) for value in told)
    call.close()


def test_links_carry_only_good_codes(wire):
    base = "https://t.me/salon_bot"
    for code in ("", "with space", "кириллица", "a" * 65, "a&b=c", "a/../b"):
        assert wire.channel.link(base, code) is None
    assert wire.channel.link("", "vk_autumn") is None
    good = wire.channel.link(base, "vk_autumn")
    assert good is None or good == f"{base}?start=vk_autumn"
