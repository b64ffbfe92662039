"""Events of the Instagram webhook read as facts."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import (
    Ad,
    ChatOpened,
    HookRequest,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
    Receipt,
    Touch,
)
from tests.integrations.wires.instagram import (
    ACCOUNT,
    ANNA,
    WIRE,
    comment,
    direct,
    echo,
    entry,
    event,
    messaging,
    signed,
)

INSTAGRAM = registry.channel("instagram")


def facts(body, **settings):
    return INSTAGRAM.parse({**WIRE.settings, **settings}, HookRequest(body=body))


def fact(body, **settings):
    (one,) = facts(body, **settings)
    return one


def heard(**parts):
    return fact(messaging(direct(**parts)))


def received(**message):
    one = heard(message={"mid": "m1", **message})
    assert isinstance(one, MessageReceived)
    return one


def attached(kind, **payload):
    return received(attachments=[{"type": kind, "payload": payload} if payload else {"type": kind}])


# Direct ------------------------------------------------------------------------------------------------------------


def test_a_text():
    one = received(text="Хочу записаться\x00 😀")
    assert one.text == "Хочу записаться\ufffd 😀"
    assert (one.kind, one.chat, one.external_id) == ("text", ANNA, "m1")
    assert one.person.external_id == ANNA
    assert (one.person.phone, one.person.name) == (None, "")
    assert one.sent_at == datetime(2026, 11, 23, 2, 13, 20, 123000, tzinfo=UTC)
    assert (one.touch, one.button, one.media, one.note) == (None, None, (), "")


@pytest.mark.parametrize(
    "time", [1795400000123, "1795400000123", 1795400000, "1795400000", "2026-11-23T02:13:20+0000"]
)
def test_times_come_in_many_forms(time):
    one = heard(message={"mid": "m1", "text": "a"}, timestamp=time)
    assert one.sent_at.replace(microsecond=0) == datetime(2026, 11, 23, 2, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("time", ["soon", "2026-13-45T99:00:00", None, True, -5, 10**20, {}])
def test_a_time_that_is_none(time):
    assert heard(message={"mid": "m1", "text": "a"}, timestamp=time).sent_at is None


def test_a_quick_reply_is_a_pressed_button():
    one = received(text="Да", quick_reply={"payload": "a:1"}, reply_to={"mid": "m0"})
    assert (one.text, one.button, one.reply_to) == ("Да", "a:1", "m0")


def test_an_icebreaker_is_a_pressed_button():
    one = heard(postback={"mid": "m6", "title": "Узнать цены", "payload": "PRICES"})
    assert (one.external_id, one.text, one.button) == ("m6", "Узнать цены", "PRICES")


@pytest.mark.parametrize(
    ("sent", "kind", "medium"),
    [
        ("image", "image", "image"),
        ("video", "video", "video"),
        ("audio", "voice", "voice"),
        ("file", "document", "document"),
        ("story_mention", "story", "image"),
        ("share", "other", "image"),
        ("ig_reel", "other", "video"),
    ],
)
def test_files(sent, kind, medium):
    one = attached(sent, url="https://cdn.example/1?x=1")
    (media,) = one.media
    assert (one.kind, media.kind, media.url) == (kind, medium, "https://cdn.example/1?x=1")


def test_an_album_is_one_message():
    pictures = [{"type": "image", "payload": {"url": f"https://cdn.example/{n}.jpg"}} for n in (1, 2)]
    one = received(text="вот", attachments=pictures)
    assert (one.kind, one.text, len(one.media)) == ("image", "вот", 2)


def test_an_answer_to_a_story_shows_the_story():
    one = received(text="Как красиво", reply_to={"story": {"id": "9", "url": "https://cdn.example/s.jpg"}})
    assert (one.kind, one.text, one.reply_to) == ("story", "Как красиво", None)
    assert one.media[0].url == "https://cdn.example/s.jpg"


@pytest.mark.parametrize(
    "message",
    [
        {"is_unsupported": True},
        {"attachments": [{"type": "ephemeral"}]},
        {"attachments": [{"type": "hologram", "payload": {}}]},
        {"attachments": [{"type": "image", "payload": {"url": "javascript:alert(1)"}}]},
        {},
    ],
)
def test_what_cannot_be_shown_is_a_message_all_the_same(message):
    one = received(**message)
    assert one.media == ()
    assert one.note


def test_an_edit():
    one = heard(message_edit={"mid": "m1", "text": "Нет, в 16", "num_edit": 2})
    assert isinstance(one, MessageEdited)
    assert (one.external_id, one.chat, one.text) == ("m1", ANNA, "Нет, в 16")


def test_a_message_that_was_taken_back():
    assert heard(message={"mid": "m1", "is_deleted": True}) == MessagesDeleted(
        chat=ANNA, external_ids=("m1",)
    )


def test_read_as_far_as_here():
    one = heard(read={"mid": "m9"})
    assert isinstance(one, Receipt)
    assert (one.state, one.external_id, one.chat, one.through) == ("read", "m9", ANNA, True)


@pytest.mark.parametrize(
    "parts",
    [
        {"reaction": {"mid": "m9", "action": "react", "emoji": "❤️"}},
        {"reaction": {"mid": "m9", "action": "unreact"}},
        {"referral": {"product": {"id": "5"}}},
        {"brand_new": {"x": 1}},
        {},
    ],
)
def test_what_is_nothing_to_answer(parts):
    assert isinstance(heard(**parts), Ignored)


def test_a_long_id_is_shortened_and_stays_one_of_a_kind():
    first, second = received(mid="m" * 300).external_id, received(mid="m" * 301).external_id
    assert len(first) <= 200
    assert first != second


def test_what_another_program_answers_is_not_answered_by_ours():
    one = fact(event(entry(standby=[direct(message={"mid": "m1", "text": "Здравствуйте"})])))
    assert (one.text, bool(one.automatic)) == ("Здравствуйте", True)


# Echoes ------------------------------------------------------------------------------------------------------------


def test_what_the_owner_writes_in_the_app():
    one = fact(messaging(echo(mid="m5", text="Ждём вас")))
    assert isinstance(one, OperatorEcho)
    assert (one.external_id, one.chat, one.text) == ("m5", ANNA, "Ждём вас")
    assert one.person.external_id == ANNA


@pytest.mark.parametrize(
    ("app_id", "own", "kept"),
    [
        (700100200300, "700100200300", False),
        (700100200300, "", True),  # known above by the id that our call was answered with
        (999, "700100200300", True),
    ],
)
def test_what_programs_write(app_id, own, kept):
    one = fact(messaging(echo(mid="m5", text="Ждём вас", app_id=app_id)), app_id=own)
    assert isinstance(one, OperatorEcho if kept else Ignored)


def test_what_the_owner_takes_back():
    one = fact(messaging(echo(mid="m5", is_deleted=True)))
    assert one == MessagesDeleted(chat=ANNA, external_ids=("m5",))


# Comments ----------------------------------------------------------------------------------------------------------


def test_a_comment():
    one = fact(comment(parent_id="17900000000000000"))
    assert (one.kind, one.external_id, one.chat) == ("comment", "comment:17900000000000001", ANNA)
    assert (one.text, one.person.username) == ("Сколько стоит?", "anna_omsk")
    assert one.reply_to == "comment:17900000000000000"
    assert one.sent_at == datetime(2026, 11, 23, 2, 15, tzinfo=UTC)
    assert one.touch is None


def test_a_comment_under_an_ad():
    media = {"id": "1", "media_product_type": "AD", "ad_id": "120210000000000001", "ad_title": "Стрижка -30%"}
    touch = fact(comment(media=media)).touch
    assert (touch.source, touch.medium, touch.content) == ("meta", "cpc", "120210000000000001")
    assert touch.ad == Ad(external_id="120210000000000001", title="Стрижка -30%")


def test_a_comment_whose_field_stands_in_the_entry_itself():
    value = {"id": "179", "from": {"id": ANNA}, "text": "Цена?"}
    assert fact(event(entry(field="comments", value=value))).text == "Цена?"


def test_our_own_comments_and_mentions_are_left_alone():
    assert isinstance(fact(comment(**{"from": {"id": ACCOUNT}})), Ignored)
    mention = {"field": "mentions", "value": {"media_id": "1", "comment_id": "2"}}
    assert isinstance(fact(event(entry(changes=[mention]))), Ignored)


# Whence ------------------------------------------------------------------------------------------------------------

ADS = {
    "ref": "promo_nov",
    "ad_id": "120210000000000001",
    "source": "ADS",
    "type": "OPEN_THREAD",
    "ads_context_data": {"ad_title": "Стрижка -30%", "photo_url": "https://scontent.example/ad.jpg"},
}
FROM_AD = Touch(
    source="meta",
    medium="cpc",
    campaign="nov",
    content="120210000000000001",
    code="promo_nov",
    ad=Ad(
        external_id="120210000000000001", title="Стрижка -30%", image_url="https://scontent.example/ad.jpg"
    ),
)


def test_an_ad_is_named_in_three_places():
    assert received(text="Хочу", referral=ADS).touch == FROM_AD
    assert heard(postback={"mid": "m6", "title": "Цены", "payload": "P", "referral": ADS}).touch == FROM_AD
    opened = heard(referral=ADS)
    assert isinstance(opened, ChatOpened)
    assert (opened.chat, opened.touch) == (ANNA, FROM_AD)


def test_a_link_brings_its_code():
    one = heard(referral={"ref": "vk_autumn", "source": "IGME-SOURCE-LINK", "type": "OPEN_THREAD"})
    assert one.touch == Touch(code="vk_autumn", source="vk", campaign="autumn")
    first = received(text="Здравствуйте", referral={"ref": "vk_autumn", "source": "IGME-SOURCE-LINK"})
    assert first.touch == one.touch


def test_links():
    link = INSTAGRAM.link("https://ig.me/m/salon_omsk", "vk_autumn")
    assert urlsplit(link).query == "ref=vk_autumn"
    assert INSTAGRAM.link("https://evil.example/", "vk_autumn") is None
    assert INSTAGRAM.link("https://ig.me/m/salon_omsk", "a b") is None


# Deliveries --------------------------------------------------------------------------------------------------------


def test_a_delivery_may_hold_many_things():
    body = event(
        entry(messaging=[direct(message={"mid": "m1", "text": "один"}), direct(read={"mid": "m9"})]),
        entry(messaging=[direct(message={"mid": "m2", "text": "два"})]),
    )
    assert [type(one).__name__ for one in facts(body)] == ["MessageReceived", "Receipt", "MessageReceived"]


def test_a_bad_item_does_not_lose_the_good_ones():
    found = facts(messaging(direct(message={"text": "no id"}), direct(message={"mid": "m2", "text": "два"})))
    assert [type(one) for one in found] == [MessageReceived, Ignored]
    assert found[0].text == "два"


@pytest.mark.parametrize(
    "body",
    [
        messaging(direct(message={"text": "no id"})),
        messaging({"message": {"mid": "m1", "text": "nobody"}}),
        event(entry(messaging=[])),
        event(entry(messaging="x")),
        comment(**{"from": {}}),
    ],
)
def test_what_nobody_can_read_is_an_error(body):
    with pytest.raises(ParseError):
        facts(body, account_id="")


def test_events_of_other_accounts_are_none_of_ours():
    other = {"sender": {"id": "5"}, "recipient": {"id": "6"}, "message": {"mid": "m1", "text": "чужое"}}
    assert isinstance(fact(event(entry("6", messaging=[other]))), Ignored)
    value = {"id": "179", "from": {"id": "5"}, "text": "чужое"}
    assert isinstance(fact(event(entry("6", changes=[{"field": "comments", "value": value}]))), Ignored)


def test_the_dashboards_test_is_left_alone():
    item = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "message": {"mid": "r", "text": "t"}}
    assert isinstance(fact(event(entry("0", messaging=[item])), account_id=""), Ignored)


def test_either_app_secret_signs():
    body = messaging(direct(message={"mid": "m1", "text": "a"}))
    settings = {**WIRE.settings, "facebook_app_secret": "fb_secret"}
    assert INSTAGRAM.verify(settings, signed(body))
    assert INSTAGRAM.verify(settings, signed(body, "fb_secret"))
    assert not INSTAGRAM.verify(WIRE.settings, signed(body, "fb_secret"))
    assert not INSTAGRAM.verify({}, signed(body, ""))
