"""What comes from VK: the handshake, the proof in the body, every kind of callback."""

import datetime as dt
import json

import pytest

from integrations import errors, registry
from integrations.protocols.channel import (
    Ad,
    ButtonPressed,
    ChatBlocked,
    ChatOpened,
    ChatUnblocked,
    FormSubmitted,
    HookReply,
    HookRequest,
    Ignored,
    Location,
    Media,
    MessageEdited,
    MessageReceived,
    OperatorEcho,
    Person,
    Receipt,
    Touch,
)
from tests.integrations.wires import vk
from tests.integrations.wires.vk import ANNA, GROUP, LEAD, ORDER, PHOTO, SETTINGS, callback, message

VK = registry.channel("vk")
CHAT = str(ANNA)
PERSON = Person(external_id=CHAT)
SENT_AT = dt.datetime(2026, 11, 23, 2, 13, 20, tzinfo=dt.UTC)


def parse(kind, about, *, settings=SETTINGS, **parts):
    return VK.parse(settings, vk.vk(callback(kind, about, **parts)))


def new(**parts):
    """The fact of a message that Anna wrote."""
    (fact,) = parse("message_new", {"message": message(**parts), "client_info": {}})
    return fact


# The door ------------------------------------------------------------------------------------------------------------


def confirmation(**parts):
    told = {
        "type": "confirmation",
        "group_id": GROUP,
        "event_id": "c0",
        "secret": SETTINGS["secret"],
        **parts,
    }
    return HookRequest(body=json.dumps({k: v for k, v in told.items() if v is not None}).encode())


@pytest.mark.parametrize("secret", [SETTINGS["secret"], SETTINGS["secret_previous"], None])
def test_the_confirmation_is_answered_by_the_code_alone(secret):
    reply = VK.handshake(SETTINGS, confirmation(secret=secret))
    assert (reply.status, reply.body) == (200, b"a1b2c3d4")
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "forged", [{"secret": "wrong"}, {"group_id": 1}, {"group_id": None}, {"type": "Confirmation"}]
)
def test_a_strangers_confirmation_learns_no_code(forged):
    assert VK.handshake(SETTINGS, confirmation(**forged)) is None
    if "type" not in forged:
        assert VK.verify(SETTINGS, confirmation(**forged)) is False


def test_without_a_code_vk_is_asked_to_come_again():
    assert VK.handshake({**SETTINGS, "confirmation": ""}, confirmation()).status == 503


def test_every_event_is_answered_by_ok_and_nothing_else():
    reply = VK.acknowledge(SETTINGS, vk.vk(callback("message_new", {"message": message()})))
    assert reply == HookReply(200, {"content-type": "text/plain; charset=utf-8"}, b"ok")


@pytest.mark.parametrize(
    ("forged", "good"),
    [
        ({}, True),
        ({"secret": SETTINGS["secret_previous"]}, True),
        ({"group_id": str(GROUP)}, True),
        ({"secret": "wrong"}, False),
        ({"secret": ""}, False),
        ({"secret": None}, False),
        ({"secret": 5}, False),
        ({"secret": [SETTINGS["secret"]]}, False),
        ({"secret": "s3cret_s3cre\u0442"}, False),
        ({"secret": "\ud800"}, False),
        ({"group_id": GROUP + 1}, False),
        ({"group_id": None}, False),
        ({"group_id": True}, False),
    ],
)
def test_the_secret_and_the_community_prove_an_event(forged, good):
    body = json.loads(callback("message_new", {"message": message(text="Здравствуйте")})) | forged
    assert VK.verify(SETTINGS, HookRequest(body=json.dumps(body).encode())) is good
    assert VK.refused_status == 403


def test_a_body_that_cannot_be_read_proves_nothing():
    assert VK.verify(SETTINGS, HookRequest(body=b"secret=s3cret_s3cret")) is False


@pytest.mark.parametrize(
    "written", ["214000001", "-214000001", "club214000001", "https://vk.com/public214000001/"]
)
def test_the_community_may_be_given_as_people_copy_it(written):
    assert VK.verify({**SETTINGS, "group_id": written}, vk.new("x", text="a"))


def test_events_are_named_by_vk_and_old_ones_by_what_they_say():
    assert VK.event_id(vk.vk(callback("message_new", {"message": message()}, event_id="e1"))) == "e1"
    old = callback("message_new", message(), event_id=None, v="5.95")
    assert VK.event_id(vk.vk(old)) == f"message_new:{ANNA}:41"
    others = {
        VK.event_id(vk.vk(callback(kind, {"user_id": 5}, event_id=None))) for kind in ("group_join", "x")
    }
    assert len(others) == 2
    assert None not in others


# Messages ------------------------------------------------------------------------------------------------------------


def test_a_text():
    assert new(text="Можно завтра?") == MessageReceived(
        external_id=f"{ANNA}:41", chat=CHAT, person=PERSON, text="Можно завтра?", sent_at=SENT_AT
    )


def test_the_old_flat_form_reads_the_same():
    (flat,) = parse("message_new", message(text="Можно завтра?"), v="5.95")
    assert flat == new(text="Можно завтра?")


@pytest.mark.parametrize(
    ("told", "touch"),
    [
        (
            {"ref": "autumn_sale", "ref_source": "VK_ads"},
            Touch(source="vk_ads", campaign="autumn_sale", code="autumn_sale"),
        ),
        ({"ref": "vk_autumn"}, Touch(source="vk", campaign="autumn", code="vk_autumn")),
        ({"ref": "q7Xk2"}, Touch(campaign="q7Xk2", code="q7Xk2")),
        ({"ref": "скидка 20%"}, Touch(campaign="скидка 20%", code="скидка 20%")),
        ({"ref_source": "site"}, Touch(source="site")),
        ({"ref": "{{campaign_id}}"}, None),
        ({"ref": ""}, None),
        ({"ref": 5, "ref_source": ["a"]}, Touch(campaign="5", code="5")),
    ],
)
def test_a_link_says_where_the_person_came_from(told, touch):
    assert new(text="Здравствуйте", **told).touch == touch


def test_the_start_button():
    fact = new(text="Начать", payload='{"command":"start"}')
    assert (fact.command, fact.button, fact.text) == ("start", None, "Начать")


@pytest.mark.parametrize(
    ("payload", "button"),
    [
        ('{"b":"t:1"}', "t:1"),
        ('{"a":"yes","t":5}', '{"a":"yes","t":5}'),
        ('"plain"', "plain"),
        ("not json", "not json"),
        ("", None),
        ("null", None),
        ({"b": "t:1"}, "t:1"),
        (5, None),
    ],
)
def test_a_text_button_brings_its_value(payload, button):
    assert new(text="Да", payload=payload).button == button


def test_a_picture_is_taken_in_its_largest_size():
    fact = new(text="Вот так", attachments=[PHOTO])
    assert (fact.kind, fact.text) == ("image", "Вот так")
    assert fact.media == (
        Media(
            kind="image",
            ref=f"photo{ANNA}_9_ab",
            url="https://sun9-1.userapi.com/w.jpg",
            mime="image/jpeg",
            width=1600,
            height=1200,
        ),
    )
    original = {"url": "https://sun9-1.userapi.com/o.jpg", "width": 4000, "height": 3000}
    larger = {"type": "photo", "photo": {**PHOTO["photo"], "orig_photo": original}}
    assert new(attachments=[larger]).media[0].url == original["url"]


def attached(kind, **parts):
    return new(attachments=[{"type": kind, kind: {"owner_id": ANNA, "id": 5, **parts}}])


def test_voices_files_and_stickers():
    voice = attached("audio_message", duration=7, link_ogg="https://psv4.userapi.com/a.ogg")
    assert (voice.kind, voice.media[0].mime, voice.media[0].seconds) == ("voice", "audio/ogg", 7)
    mp3 = attached("audio_message", link_mp3="https://psv4.userapi.com/a.mp3")
    assert mp3.media[0].mime == "audio/mpeg"
    file = attached("doc", title="снимок", ext="pdf", size=120, url="https://vk.com/doc1_2")
    assert (file.kind, file.media[0].name, file.media[0].size) == ("document", "снимок.pdf", 120)
    assert attached("doc", title="a.PDF", ext="pdf", url="https://vk.com/doc1_2").media[0].name == "a.PDF"
    images = [{"url": "https://vk.com/128", "width": 128, "height": 128}]
    sticker = attached("sticker", sticker_id=9, images=[*images, {"url": "https://vk.com/0"}])
    assert (sticker.kind, sticker.media[0].url) == ("sticker", "https://vk.com/128")


def test_what_plays_in_vk_alone_is_named_to_the_reader():
    fact = attached("video", title="Рука", duration=12)
    assert (fact.kind, fact.media[0].url, fact.note) == ("video", "", "open it in VK: video")


@pytest.mark.parametrize("point", [{"latitude": 54.98, "longitude": 73.36}, "54.98 73.36"])
def test_a_place(point):
    fact = new(geo={"type": "point", "coordinates": point, "place": {"title": "Омск", "city": "Омск"}})
    assert fact.kind == "location"
    assert fact.location == Location(latitude=54.98, longitude=73.36, title="Омск", address="Омск")


def test_answers_and_forwards():
    assert (
        new(text="Это", reply_message={"conversation_message_id": 40, "text": "?"}).reply_to == f"{ANNA}:40"
    )
    forwarded = [{"text": "Цены?", "attachments": [PHOTO]}, {"text": "И адрес"}]
    fact = new(text="Вот", fwd_messages=forwarded)
    assert (fact.text, fact.kind) == ("Вот\n\nЦены?\n\nИ адрес", "image")


def test_shared_links_and_posts():
    link = {"type": "link", "link": {"url": "https://salon.example/price"}}
    assert new(text="Вот", attachments=[link]).text == "Вот"
    assert new(text="", attachments=[link]).text == "https://salon.example/price"
    post = attached("wall", id=7, owner_id=-GROUP)
    assert (post.kind, post.text) == ("other", f"https://vk.com/wall-{GROUP}_7")


def test_writing_to_the_seller_of_our_goods_tells_which():
    goods = {
        "type": "market",
        "market": {
            "id": 5,
            "owner_id": -GROUP,
            "title": "Сертификат",
            "description": "На любую услугу",
            "price": {"amount": "250000", "text": "2 500 ₽"},
            "thumb_photo": "https://sun9-1.userapi.com/t.jpg",
        },
    }
    fact = new(text="Ещё есть?", attachments=[goods])
    assert (fact.kind, fact.touch.source, fact.touch.medium) == ("text", "vk", "market")
    assert fact.touch.ad == Ad(
        external_id=f"market-{GROUP}_5",
        title="Сертификат",
        text="На любую услугу",
        url=f"https://vk.com/product-{GROUP}_5",
        image_url="https://sun9-1.userapi.com/t.jpg",
        price="2 500 ₽",
    )
    foreign = {"type": "market", "market": {**goods["market"], "owner_id": -5}}
    assert new(text="А у них?", attachments=[foreign]).touch is None
    assert new(text="?", ref="vk_autumn", attachments=[goods]).touch.campaign == "autumn"


def test_a_cut_text_says_so():
    assert new(text="Длинно…", is_cropped=True).note == "the message is longer: read the rest in VK"


@pytest.mark.parametrize(
    "parts",
    [
        {"from_id": -5, "peer_id": 2000000066},
        {"from_id": -5, "peer_id": -5},
        {"from_id": -5},
        {"from_id": 6},
        {"action": {"type": "chat_invite_user"}},
    ],
)
def test_what_is_no_private_word_of_a_person_is_passed_over(parts):
    assert isinstance(new(text="Ок", **parts), Ignored)


@pytest.mark.parametrize("missing", ["peer_id", "from_id", "conversation_message_id"])
def test_a_message_without_its_bones_is_unreadable(missing):
    bones = {k: v for k, v in message(text="a").items() if k not in (missing, "id")}
    with pytest.raises(errors.ParseError):
        parse("message_new", {"message": bones})


def test_a_message_without_a_number_in_its_chat_keeps_the_other_one():
    assert new(text="a", conversation_message_id=0).external_id == f"{ANNA}:id501"


# What our side said --------------------------------------------------------------------------------------------------


def test_a_colleagues_answer_in_vk_is_an_echo_and_our_own_word_is_not():
    said = message(text="Ждём", out=1, from_id=-GROUP)
    assert parse("message_reply", {**said, "admin_author_id": 777001}) == [
        OperatorEcho(external_id=f"{ANNA}:41", chat=CHAT, text="Ждём", sent_at=SENT_AT, person=PERSON)
    ]
    for own in ({"random_id": 1837465}, {"random_id": 0}):
        assert isinstance(parse("message_reply", {**said, **own})[0], Ignored)
    # A colleague's own program numbers its messages too.
    assert isinstance(parse("message_reply", {**said, "admin_author_id": 7, "random_id": 5})[0], OperatorEcho)
    assert isinstance(
        parse("message_reply", {**said, "peer_id": 2000000001, "admin_author_id": 7})[0], Ignored
    )


def test_edits():
    (mine,) = parse("message_edit", message(text="Нет, в 16", update_time=1795400060))
    assert mine == MessageEdited(
        external_id=f"{ANNA}:41",
        chat=CHAT,
        person=PERSON,
        text="Нет, в 16",
        edited_at=SENT_AT + dt.timedelta(seconds=60),
    )
    ours = message(text="Ждём вас", out=1, from_id=-GROUP)
    (colleague,) = parse("message_edit", {**ours, "admin_author_id": 7})
    assert (colleague.by_operator, colleague.person) == (True, PERSON)
    assert isinstance(parse("message_edit", ours)[0], Ignored)


# Everything else -----------------------------------------------------------------------------------------------------


def test_a_pressed_button():
    about = {"user_id": ANNA, "peer_id": ANNA, "event_id": "4a1f", "conversation_message_id": 46}
    assert parse("message_event", {**about, "payload": {"b": "t:1"}}) == [
        ButtonPressed(
            external_id="press:4a1f",
            chat=CHAT,
            person=PERSON,
            value="t:1",
            message_external_id=f"{ANNA}:46",
            acknowledge="4a1f",
        )
    ]
    foreign = parse("message_event", {**about, "payload": {"t": "9f3a", "a": "yes"}})
    assert foreign[0].value == '{"t":"9f3a","a":"yes"}'
    assert isinstance(parse("message_event", {**about, "peer_id": None})[0], Ignored)


def test_allowing_and_forbidding_messages():
    assert parse("message_allow", {"user_id": ANNA, "key": ""}) == [ChatUnblocked(chat=CHAT, person=PERSON)]
    unblocked, opened = parse("message_allow", {"user_id": ANNA, "key": "site_main"})
    assert isinstance(unblocked, ChatUnblocked)
    assert opened == ChatOpened(
        external_id="allow:e-message_allow",
        chat=CHAT,
        person=PERSON,
        touch=Touch(source="site", campaign="main", code="site_main"),
    )
    for kind in ("message_deny", "user_block"):
        assert parse(kind, {"user_id": ANNA}) == [ChatBlocked(chat=CHAT, person=PERSON)]
    assert parse("user_unblock", {"user_id": ANNA}) == [ChatUnblocked(chat=CHAT, person=PERSON)]
    with pytest.raises(errors.ParseError):
        parse("message_deny", {"user_id": -5})


def test_read_as_far_as():
    about = {"from_id": ANNA, "peer_id": ANNA, "read_message_id": 507, "conversation_message_id": 48}
    assert parse("message_read", about) == [
        Receipt(external_id=f"{ANNA}:48", state="read", chat=CHAT, through=True)
    ]
    assert isinstance(parse("message_read", {**about, "from_id": -GROUP})[0], Ignored)
    assert parse("message_read", {"from_id": ANNA, "read_message_id": 507})[0].external_id == f"{ANNA}:id507"


def test_a_lead_form():
    assert parse("lead_forms_new", LEAD) == [
        FormSubmitted(
            external_id="lead:9001",
            provider="vk",
            name="Анна",
            phone="+79131234567",
            phone_typed="8 913 123-45-67",
            messengers={"vk": f"https://vk.com/id{ANNA}"},
            answers=(("Когда?", "утром, вечером"),),
            touch=Touch(source="vk", medium="lead_form"),
            form_id="3",
            form_name="Запись",
        )
    ]
    paid = parse("lead_forms_new", {**LEAD, "ad_id": 55})[0].touch
    assert (paid.medium, paid.content) == ("cpc", "55")
    with pytest.raises(errors.ParseError):
        parse("lead_forms_new", {"answers": []})


def test_a_phone_without_a_country_is_of_the_tenants_region():
    answers = [{"key": "phone_number", "question": "?", "answer": "701 234 56 78"}]
    here = {**SETTINGS, "region": "KZ"}
    (fact,) = parse("lead_forms_new", {**LEAD, "answers": answers}, settings=here)
    assert fact.phone == "+77012345678"


def test_an_order_in_the_shop():
    (fact,) = parse("market_order_new", ORDER)
    assert (fact.external_id, fact.name, fact.phone) == ("order:77", "Анна К", "+79131234567")
    assert fact.message == "Позвоните"
    assert fact.answers == (("order", "555001-1"), ("items", "Сертификат × 2"), ("total", "2 500 ₽"))
    assert (fact.submitted_at, fact.touch.medium) == (SENT_AT, "market")


@pytest.mark.parametrize("kind", ["wall_reply_new", "message_typing_state", "group_join", "brand_new"])
def test_other_kinds_are_kept_and_passed_over(kind):
    assert parse(kind, {"user_id": ANNA, "text": "a"}) == [Ignored(f"callback of kind {kind}")]


@pytest.mark.parametrize(
    "body", [b"{}", b'{"type":5}', b'{"type":"message_new"}', b'{"type":"message_new","object":[]}']
)
def test_a_callback_without_content_is_unreadable(body):
    with pytest.raises(errors.ParseError):
        VK.parse(SETTINGS, HookRequest(body=body))
