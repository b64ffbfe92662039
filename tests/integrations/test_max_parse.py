"""What comes from MAX: the secret, ids made of what updates say, every kind of update."""

import datetime as dt
import hashlib
import hmac

import pytest

from integrations import errors, registry
from integrations.protocols.channel import (
    ButtonPressed,
    ChatBlocked,
    ChatOpened,
    ChatUnblocked,
    ContactCard,
    HookReply,
    HookRequest,
    Ignored,
    Location,
    Media,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    Person,
    Touch,
)
from tests.integrations.wires.max import (
    ABOUT,
    ANNA,
    AT,
    BOT,
    CARD,
    DIALOG,
    HEADER,
    IMAGE,
    PRESS,
    SETTINGS,
    UNDER,
    message,
    new,
    signed,
    update,
    user,
)

MAX = registry.channel("max")
CHAT = str(ANNA)
PERSON = Person(external_id=CHAT, name="Анна К", language="ru")
SENT_AT = dt.datetime(2026, 11, 23, 2, 13, 20, 123000, tzinfo=dt.UTC)


def parse(request, settings=SETTINGS):
    return MAX.parse(settings, request)


def said(*attachments, **more):
    (fact,) = parse(new(*attachments, **more))
    return fact


# The door ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SETTINGS["secret"], SETTINGS["secret_previous"]])
def test_the_secret_comes_back_in_a_header(secret):
    assert MAX.verify(SETTINGS, HookRequest(headers={HEADER: secret}, body=b"{}"))
    assert not MAX.verify(SETTINGS, HookRequest(headers={HEADER: secret + "x"}, body=b"{}"))
    assert MAX.refused_status == 401


def test_without_a_secret_of_ours_the_path_stands_alone():
    assert MAX.verify({"bot_token": "t"}, HookRequest(body=b"{}"))


def test_the_answer_is_200_and_nothing_else():
    assert MAX.acknowledge(SETTINGS, new(text="a")) == HookReply(200)


def test_updates_without_an_id_are_known_by_what_they_say():
    def name(kind, **parts):
        return MAX.event_id(signed(update(kind, **parts)))

    assert MAX.event_id(new(mid="mid.7", text="a")) == "message_created:mid.7"
    assert name("message_removed", message_id="mid.7", user_id=ANNA) == "message_removed:mid.7"
    assert name("bot_started", **ABOUT) == f"bot_started:{ANNA}:{AT}"
    assert name("bot_stopped", **ABOUT) != name("dialog_removed", **ABOUT)
    first = name("message_callback", callback=PRESS)
    again = name("message_callback", callback={**PRESS, "timestamp": AT + 5})
    assert first != again
    assert first == name("message_callback", callback=PRESS, message=UNDER)
    long = name("message_callback", callback={**PRESS, "callback_id": "a" * 5000})
    assert len(long) <= 200


def test_an_edit_back_to_an_earlier_text_is_another_event():
    def name(text, at):
        return MAX.event_id(
            signed(update("message_edited", timestamp=at, message=message(body={"text": text})))
        )

    assert name("в 15", AT) == name("в 15", AT)
    assert len({name("в 15", AT), name("в 16", AT), name("в 15", AT + 9000)}) == 3


def test_what_lacks_its_parts_is_known_by_its_bytes():
    one, other = signed(update("message_created", message=None)), signed(update("brand_new", x=1))
    assert MAX.event_id(one) == MAX.event_id(one) != MAX.event_id(other)
    assert MAX.event_id(HookRequest(body=b"not json")) is None


# Messages ------------------------------------------------------------------------------------------------------------


def test_a_text():
    assert said(text="Можно завтра?") == MessageReceived(
        external_id="mid.1", chat=CHAT, person=PERSON, text="Можно завтра?", sent_at=SENT_AT
    )


def test_a_picture_and_its_words():
    fact = said(IMAGE, text="Вот фото")
    assert (fact.kind, fact.text) == ("image", "Вот фото")
    assert fact.media == (Media(kind="image", ref="tok_img", url="https://i.oneme.ru/i?r=abc"),)


def test_voices_files_films_and_stickers():
    def attached(kind, payload=None, **parts):
        told = {"url": "https://f.oneme.ru/1", "token": "tok", **(payload or {})}
        return said({"type": kind, "payload": told, **parts}, text=None)

    voice = attached("audio", transcription=None)
    assert (voice.kind, voice.text, voice.media[0].ref) == ("voice", "", "tok")
    file = attached("file", filename="снимок.pdf", size=120034)
    assert (file.kind, file.media[0].name, file.media[0].size) == ("document", "снимок.pdf", 120034)
    film = attached("video", duration=12, width=720, height=1280)
    assert (film.kind, film.media[0].seconds, film.media[0].height) == ("video", 12, 1280)
    sticker = attached("sticker", {"code": "s1", "token": None})
    assert (sticker.kind, sticker.media[0].ref) == ("sticker", "s1")
    assert attached("brand_new").kind == "other"
    assert said({"type": "inline_keyboard", "payload": {"buttons": []}}, text="a").kind == "text"


def test_a_place_and_a_shared_link():
    fact = said({"type": "location", "latitude": 54.98, "longitude": 73.36}, text=None)
    assert (fact.kind, fact.location) == ("location", Location(latitude=54.98, longitude=73.36))
    assert said({"type": "location", "latitude": 99, "longitude": 0}, text=None).kind == "other"
    link = {"type": "share", "payload": {"url": "https://salon.example"}, "title": "Салон"}
    assert said(link, text=None).text == "https://salon.example"
    assert said(link, text="Вот").text == "Вот"


def test_answers_and_forwards():
    quoted = {"type": "reply", "message": {"mid": "mid.0", "text": "Во сколько?"}}
    fact = said(text="В 15", link=quoted)
    assert (fact.reply_to, fact.text) == ("mid.0", "В 15")
    told = {"type": "forward", "message": {"mid": "mid.9", "text": "Лада седан", "attachments": [IMAGE]}}
    fact = said(text=None, link=told)
    assert (fact.text, fact.kind, fact.reply_to) == ("Лада седан", "image", None)
    assert said(text="Смотри", link=told).text == "Смотри\n\nЛада седан"


def contact(about=None, card=CARD, **payload):
    return said({"type": "contact", "payload": {"vcf_info": card, "max_info": about, **payload}})


def test_the_own_number_is_told_by_the_person_on_the_card():
    fact = contact(user())
    assert fact.contact == ContactCard(name="Анна", phone="+79131234567", phone_typed="79131234567", own=True)
    # The hash that MAX adds could not be reproduced by anybody yet, so it vouches for nothing when it is wrong.
    assert (fact.person.phone, fact.person.phone_verified) == ("+79131234567", False)


def test_a_hash_by_the_bots_token_proves_the_number():
    made = hmac.new(SETTINGS["bot_token"].encode(), CARD.encode(), hashlib.sha256).hexdigest()
    assert contact(user(), hash=made).person.phone_verified
    assert not contact(user(), hash=made[:-1] + "0").person.phone_verified
    assert not contact(user(99999), hash=made).person.phone_verified


def test_somebody_elses_card_gives_the_sender_no_number():
    fact = contact(user(99999))
    assert (fact.contact.own, fact.person.phone) == (False, None)
    assert contact(None).contact.own is False
    assert contact(user(), card="").contact == ContactCard(name="Анна К", own=True)
    old = {"type": "contact", "payload": {"vcf_info": CARD, "tam_info": user()}}
    assert said(old).contact.own


@pytest.mark.parametrize(
    ("line", "phone"),
    [
        ("TEL:+7 913 123-45-67", "+79131234567"),
        ("TEL;TYPE=cell;VALUE=uri:tel:+79131234567", "+79131234567"),
        ("tel;type=home:89131234567", "+79131234567"),
        ("TEL;TYPE=cell:", None),
        ("EMAIL:a@b.example", None),
    ],
)
def test_cards_of_many_hands(line, phone):
    card = contact(user(), card=f"BEGIN:VCARD\r\n{line}\r\nEND:VCARD").contact
    assert card.phone == phone


def test_start_written_as_a_word():
    fact = said(text="/start vk_autumn")
    assert (fact.command, fact.touch) == (
        "start",
        Touch(source="vk", campaign="autumn", code="vk_autumn"),
    )
    assert said(text="/start").command == "start"
    assert said(text="/started").command is None


@pytest.mark.parametrize(
    "parts",
    [
        {"recipient": {"chat_type": "chat"}},
        {"recipient": {"chat_id": -7080, "chat_type": "channel"}, "sender": None},
        {"sender": user(BOT, is_bot=True)},
    ],
)
def test_what_is_no_private_word_of_a_person_is_passed_over(parts):
    assert isinstance(said(text="авто", **parts), Ignored)


@pytest.mark.parametrize("parts", [{"sender": None}, {"body": None}, {"body": {"mid": ""}}])
def test_a_message_without_its_bones_is_unreadable(parts):
    told = {**message(body={"text": "a"}), **parts}
    with pytest.raises(errors.ParseError):
        parse(signed(update("message_created", message=told)))


# Everything else -----------------------------------------------------------------------------------------------------


def test_a_deep_link_opens_the_chat():
    unblocked, opened = parse(signed(update("bot_started", payload="vk_autumn", **ABOUT)))
    assert unblocked == ChatUnblocked(chat=CHAT, person=PERSON, at=SENT_AT)
    assert opened == ChatOpened(
        external_id=f"start:{ANNA}:{AT}",
        chat=CHAT,
        person=PERSON,
        touch=Touch(source="vk", campaign="autumn", code="vk_autumn"),
        at=SENT_AT,
    )
    for payload in (None, "", "две части"):
        assert parse(signed(update("bot_started", payload=payload, **ABOUT)))[1].touch is None


@pytest.mark.parametrize("kind", ["bot_stopped", "dialog_removed"])
def test_a_dialog_that_was_ended_takes_nothing_more(kind):
    assert parse(signed(update(kind, **ABOUT))) == [ChatBlocked(chat=CHAT, person=PERSON, at=SENT_AT)]


def pressed(under, **more):
    (fact,) = parse(signed(update("message_callback", callback={**PRESS, **more}, message=under)))
    return fact


def test_a_pressed_button_belongs_to_its_person_whatever_the_event_leaves_out():
    fact = pressed(UNDER)
    assert fact == ButtonPressed(
        external_id=fact.external_id,
        chat=CHAT,
        person=PERSON,
        value="t:1",
        message_external_id="mid.out1",
        acknowledge=PRESS["callback_id"],
        at=SENT_AT,
    )
    bare = {**UNDER, "recipient": {"chat_type": "dialog", "user_id": ANNA}}
    assert pressed(bare) == fact
    gone = pressed(None)
    assert (gone.chat, gone.value, gone.message_external_id) == (CHAT, "t:1", None)
    assert pressed(UNDER, timestamp=AT + 1).external_id != fact.external_id


def test_a_button_in_a_channel_is_passed_over():
    assert isinstance(pressed({**UNDER, "recipient": {"chat_id": -7080, "chat_type": "channel"}}), Ignored)


def test_edits_and_removals():
    told = message(body={"mid": "mid.1", "text": "В 16"})
    assert parse(signed(update("message_edited", message=told))) == [
        MessageEdited(external_id="mid.1", chat=CHAT, person=PERSON, text="В 16", edited_at=SENT_AT)
    ]
    assert parse(signed(update("message_removed", message_id="mid.1", chat_id=DIALOG, user_id=ANNA))) == [
        MessagesDeleted(chat=CHAT, external_ids=("mid.1",))
    ]


@pytest.mark.parametrize("kind", ["dialog_cleared", "dialog_muted", "user_added", "brand_new"])
def test_other_kinds_are_kept_and_passed_over(kind):
    assert parse(signed(update(kind, **ABOUT))) == [Ignored(f"update of kind {kind}")]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"update_type":5}',
        b'{"update_type":"bot_stopped"}',
        b'{"update_type":"message_callback","callback":{"user":{"user_id":5}}}',
        b'{"update_type":"message_removed","message_id":"mid.1"}',
    ],
)
def test_an_update_without_content_is_unreadable(body):
    with pytest.raises(errors.ParseError):
        parse(signed(body))
