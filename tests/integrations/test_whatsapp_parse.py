"""Events of the WhatsApp webhook read as facts."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations import registry
from integrations.protocols.channel import (
    Ad,
    ChatMigrated,
    ChatOpened,
    HookRequest,
    IdentityChanged,
    Ignored,
    MessageEdited,
    MessageReceived,
    MessagesDeleted,
    OperatorEcho,
)
from tests.integrations.wires.whatsapp import (
    ANNA,
    ECHO,
    WIRE,
    change,
    event,
    message,
    said,
)

WHATSAPP = registry.channel("whatsapp")
BSUID = ANNA["user_id"]
NO_PHONE = {"profile": {"name": "Анна", "username": "anna.k"}, "user_id": BSUID}


def facts(*changes):
    return WHATSAPP.parse(WIRE.settings, HookRequest(body=event(*changes)))


def fact(field="messages", **lists):
    (one,) = facts(change(field, **lists))
    return one


def received(contacts=(ANNA,), **parts):
    one = fact(contacts=list(contacts), messages=[message(**parts)])
    assert isinstance(one, MessageReceived)
    return one


# People ----------------------------------------------------------------------------------------------------------


def test_a_text():
    one = received(type="text", text={"body": "Хочу записаться\x00\ud800 😀"})
    assert one.text == "Хочу записаться\ufffd\ufffd 😀"
    assert (one.kind, one.chat, one.external_id) == ("text", "79161234567", "wamid.IN1")
    assert one.sent_at == datetime(2026, 11, 23, 2, 13, 20, tzinfo=UTC)
    assert (one.touch, one.button, one.media, one.note, one.automatic) == (None, None, (), "", "")


def test_a_person_is_known_by_phone_and_by_business_scoped_id():
    person = received(type="text", text={"body": "a"}).person
    assert (person.external_id, person.aliases) == ("79161234567", (BSUID,))
    assert (person.name, person.username) == ("Анна", "anna.k")
    assert (person.phone, person.phone_verified) == ("+79161234567", True)


def test_a_person_with_a_username_may_come_without_a_phone():
    one = fact(
        contacts=[{**NO_PHONE, "parent_user_id": "RU.ENT.777"}],
        messages=[{"from_user_id": BSUID, "id": "wamid.1", "type": "text", "text": {"body": "a"}}],
    )
    assert one.chat == BSUID
    assert (one.person.external_id, one.person.aliases) == (BSUID, ("RU.ENT.777",))
    assert (one.person.phone, one.person.phone_verified, one.person.name) == (None, False, "Анна")


def test_the_contact_beside_a_message_tells_the_phone_that_the_message_leaves_out():
    one = fact(
        contacts=[ANNA],
        messages=[{"from_user_id": BSUID, "id": "wamid.1", "type": "text", "text": {"body": "a"}}],
    )
    assert (one.chat, one.person.aliases) == ("79161234567", (BSUID,))


def test_nobody_gets_a_strangers_name():
    olga = {"profile": {"name": "Ольга"}, "wa_id": "79160000009", "user_id": "RU.9"}
    first, second = facts(
        change(contacts=[ANNA, olga], messages=[said("a"), {**said("b", 2), "from": "79160000009"}])
    )
    assert (first.person.name, second.person.name) == ("Анна", "Ольга")
    # The second names Olga's phone and Anna's business-scoped id: the phone decides, a second one is not taken.
    assert second.chat == "79160000009"
    assert "79161234567" not in second.person.aliases
    (stranger,) = facts(
        change(contacts=[ANNA], messages=[{**said("c", 3), "from": "79160000008", "from_user_id": "RU.8"}])
    )
    assert (stranger.person.name, stranger.person.aliases) == ("", ("RU.8",))


def test_a_number_of_another_country_is_answered_as_it_stands():
    one = fact(messages=[{"from": "5215512345678", "id": "w", "type": "text", "text": {"body": "hola"}}])
    assert one.chat == "5215512345678"
    assert one.person.phone.startswith("+52")


def test_a_new_phone_brings_a_new_id():
    found = facts(
        change(
            messages=[
                {
                    "from": "79161234567",
                    "id": "wamid.S",
                    "type": "system",
                    "system": {
                        "type": "user_changed_number",
                        "wa_id": "79160000001",
                        "user_id": "RU.NEW",
                        "previous_user_id": BSUID,
                    },
                }
            ]
        )
    )
    changed = [one for one in found if isinstance(one, IdentityChanged)]
    assert [one.old_external_id for one in changed] == ["79161234567", BSUID]
    assert {(one.person.external_id, one.person.aliases) for one in changed} == {("79160000001", ("RU.NEW",))}
    assert ChatMigrated(old_chat="79161234567", new_chat="79160000001") in found


def test_a_new_business_scoped_id():
    system = {"type": "user_changed_user_id", "previous_user_id": "IN.OLD", "user_id": "IN.NEW"}
    changed, moved = facts(change(messages=[{"id": "wamid.S", "type": "system", "system": system}]))
    assert (changed.old_external_id, changed.person.external_id) == ("IN.OLD", "IN.NEW")
    assert moved == ChatMigrated(old_chat="IN.OLD", new_chat="IN.NEW")


def test_the_older_event_of_a_new_id():
    update = {"wa_id": "79161234567", "user_id": {"previous": "RU.OLD", "current": "RU.NEW"}}
    contacts = [{"profile": {"name": "Анна"}, "wa_id": "79161234567"}]
    changed, moved = facts(change("user_id_update", contacts=contacts, user_id_update=[update]))
    assert changed.person.name == "Анна"
    assert changed.old_external_id == "RU.OLD"
    assert (changed.person.external_id, changed.person.aliases) == ("79161234567", ("RU.NEW",))
    assert moved.new_chat == "79161234567"


def test_a_new_security_code_changes_nobody():
    system = {"type": "customer_identity_changed", "body": "changed"}
    assert isinstance(fact(messages=[message(type="system", system=system)]), Ignored)


# What was said ---------------------------------------------------------------------------------------------------


def test_pressed_buttons_come_in_three_shapes():
    reply = {"type": "button_reply", "button_reply": {"id": "a:1", "title": "Да"}}
    row = {"type": "list_reply", "list_reply": {"id": "a:2", "title": "Стрижка", "description": "60 мин"}}
    context = {"from": "79990000000", "id": "wamid.OUT1"}
    one = received(type="interactive", interactive=reply, context=context)
    assert (one.kind, one.text, one.button, one.reply_to) == ("text", "Да", "a:1", "wamid.OUT1")
    assert received(type="interactive", interactive=row).button == "a:2"
    quick = received(type="button", button={"payload": "a:3", "text": "Приду"})
    assert (quick.text, quick.button, quick.reply_to) == ("Приду", "a:3", None)


@pytest.mark.parametrize(
    ("parts", "kind", "mime"),
    [
        (
            {"type": "image", "image": {"id": "7", "mime_type": "image/jpeg", "caption": "вот"}},
            "image",
            "image/jpeg",
        ),
        ({"type": "video", "video": {"id": "7", "mime_type": "video/mp4"}}, "video", "video/mp4"),
        ({"type": "sticker", "sticker": {"id": "7", "mime_type": "image/webp"}}, "sticker", "image/webp"),
        (
            {"type": "audio", "audio": {"id": "7", "mime_type": "audio/ogg; codecs=opus", "voice": True}},
            "voice",
            None,
        ),
        (
            {"type": "audio", "audio": {"id": "7", "mime_type": "audio/mpeg", "voice": False}},
            "audio",
            "audio/mpeg",
        ),
    ],
)
def test_files(parts, kind, mime):
    one = received(**parts)
    (media,) = one.media
    assert (one.kind, media.kind, media.ref) == (kind, kind, "7")
    assert mime is None or media.mime == mime
    assert one.text == ("вот" if kind == "image" else "")


def test_a_document_keeps_its_name_and_may_bring_its_address():
    document = {
        "id": "7",
        "filename": "смета.pdf",
        "mime_type": "application/pdf",
        "url": "https://lookaside.fbsbx.com/x",
    }
    (media,) = received(type="document", document=document).media
    assert (media.name, media.url) == ("смета.pdf", "https://lookaside.fbsbx.com/x")


def test_a_file_that_whatsapp_could_not_fetch_never_comes():
    one = received(
        type="image",
        image={"id": "7", "mime_type": "image/jpeg", "caption": "вот"},
        errors=[{"code": 131052, "title": "Media download error"}],
    )
    assert (one.kind, one.text, one.media) == ("image", "вот", ())
    assert one.note


def test_a_place():
    one = received(type="location", location={"latitude": 54.98, "longitude": "73.37", "name": "Салон"})
    assert (one.kind, one.location.latitude, one.location.longitude) == ("location", 54.98, 73.37)
    assert one.location.title == "Салон"


def test_a_shared_card_is_somebody_elses_unless_it_proves_otherwise():
    def shared(*numbers):
        cards = [
            {"name": {"formatted_name": "Борис"}, "phones": [{"phone": phone, "wa_id": wa_id}]}
            for phone, wa_id in numbers
        ]
        return fact(contacts=[ANNA], messages=[message(type="contacts", contacts=cards)])

    other = shared(("+7 913 123-45-67", "79131234567"))
    assert (other.kind, other.contact.phone, other.contact.own) == ("contact", "+79131234567", False)
    assert shared(("+7 916 123-45-67", "79161234567")).contact.own
    two = shared(("+79161234567", "79161234567"), ("+79130000000", ""))
    assert not two.contact.own
    assert "+79130000000" in two.note


def test_a_phone_that_was_asked_for_belongs_to_its_sender():
    one = fact(
        contacts=[NO_PHONE],
        messages=[
            {
                "from_user_id": BSUID,
                "id": "wamid.1",
                "type": "contacts",
                "origin": "contact_request",
                "contacts": [{"name": {"formatted_name": "Анна"}, "phones": [{"phone": "+79161234567"}]}],
            }
        ],
    )
    assert one.contact.own
    assert (one.chat, one.person.phone, one.person.phone_verified) == (BSUID, "+79161234567", True)


def test_a_filled_form_is_read_as_lines():
    answers = json.dumps({"flow_token": "secret", "Имя": "Анна", "Когда": "завтра", "пусто": ""})
    form = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": answers}}
    assert received(type="interactive", interactive=form).text == "Имя: Анна\nКогда: завтра"


def test_an_order_from_the_catalogue():
    goods = [{"product_retailer_id": "mask-01", "quantity": 2}]
    one = received(type="order", order={"text": "на субботу", "product_items": goods})
    assert one.text == "на субботу"
    assert "mask-01 × 2" in one.note


@pytest.mark.parametrize(
    "parts",
    [
        {"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]},
        {"type": "hologram", "hologram": {"id": "1"}},
        {"type": "interactive"},
        {"type": "image", "image": {}},
        {"type": "text", "text": "not an object", "errors": "x"},
        {},
    ],
)
def test_what_cannot_be_shown_is_a_message_all_the_same(parts):
    one = received(**parts)
    assert one.external_id == "wamid.IN1"
    assert one.note or one.kind == "text"


def test_a_message_without_an_id_is_not_lost():
    first, again = (
        fact(messages=[{"from": "79161234567", "type": "text", "text": {"body": "a"}}]) for _ in range(2)
    )
    assert first.text == "a"
    assert first.external_id == again.external_id
    assert WHATSAPP.react(WIRE.settings, first) is None


def test_an_edit_and_a_deletion_name_the_first_message():
    edit = {"original_message_id": "wamid.IN1", "message": {"type": "text", "text": {"body": "Нет, в 16"}}}
    edited = fact(contacts=[ANNA], messages=[message(2, type="edit", edit=edit)])
    assert isinstance(edited, MessageEdited)
    assert (edited.external_id, edited.text, edited.by_operator) == ("wamid.IN1", "Нет, в 16", False)
    deleted = fact(
        contacts=[ANNA], messages=[message(3, type="revoke", revoke={"original_message_id": "wamid.IN1"})]
    )
    assert deleted == MessagesDeleted(chat="79161234567", external_ids=("wamid.IN1",))


def test_opening_the_chat_is_no_message():
    one = fact(contacts=[ANNA], messages=[message(type="request_welcome")])
    assert isinstance(one, ChatOpened)
    assert one.chat == "79161234567"


@pytest.mark.parametrize(
    "parts",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.OUT1", "emoji": "👍"}},
        {"type": "text", "text": {"body": "всем привет"}, "group_id": "120363"},
    ],
)
def test_reactions_and_groups_are_left_alone(parts):
    assert isinstance(fact(contacts=[ANNA], messages=[message(**parts)]), Ignored)


def test_what_another_program_answers_is_not_answered_by_ours():
    one = fact("standby", contacts=[ANNA], messages=[said("Здравствуйте")])
    assert (one.text, bool(one.automatic)) == ("Здравствуйте", True)


# Whence ----------------------------------------------------------------------------------------------------------


REFERRAL = {
    "source_type": "ad",
    "source_id": "120210000000000001",
    "source_url": "https://fb.me/3TYp",
    "headline": "Стрижка -30%",
    "body": "До конца месяца",
    "media_type": "image",
    "image_url": "https://scontent.example/ad.jpg",
    "ctwa_clid": "AfhcQdP2",
}


def test_the_first_word_after_an_ad_names_it():
    touch = received(type="text", text={"body": "Хочу"}, referral=REFERRAL).touch
    assert (touch.source, touch.medium, touch.content) == ("meta", "cpc", "120210000000000001")
    assert touch.click_ids == {"ctwa_clid": "AfhcQdP2"}
    assert touch.ad == Ad(
        external_id="120210000000000001",
        title="Стрижка -30%",
        text="До конца месяца",
        url="https://fb.me/3TYp",
        image_url="https://scontent.example/ad.jpg",
    )


def test_an_ordinary_post_is_not_paid_for():
    touch = received(
        type="text", text={"body": "a"}, referral={**REFERRAL, "source_type": "post", "ctwa_clid": None}
    ).touch
    assert (touch.medium, touch.content, touch.click_ids) == ("social", "", {})
    assert touch.ad.external_id == "120210000000000001"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Здравствуйте! (код K7Q2)", "K7Q2"),
        ("Здравствуйте! ( Код: vk_autumn )", "vk_autumn"),
        ("Hello! (code K7Q2) Можно завтра?", "K7Q2"),
        ("Здравствуйте! Какой код K7Q2", None),
        ("Скажите (код от двери)", None),
        ("x" * 2000 + "(код K7Q2)", None),
    ],
)
def test_the_code_in_a_prefilled_text(text, code):
    one = received(type="text", text={"body": text})
    assert (one.touch.code if one.touch else None) == code
    assert one.text == text


def test_an_ad_and_a_code_together():
    touch = received(type="text", text={"body": "Привет (код vk_autumn)"}, referral=REFERRAL).touch
    assert (touch.source, touch.code, touch.campaign) == ("meta", "vk_autumn", "autumn")
    assert touch.ad.title == "Стрижка -30%"


def test_links_carry_a_code_that_comes_back():
    link = WHATSAPP.link("https://wa.me/79990000000", "vk_autumn")
    assert link.startswith("https://wa.me/79990000000?text=")
    (text,) = parse_qs(urlsplit(link).query)["text"]
    assert received(type="text", text={"body": text}).touch.code == "vk_autumn"
    assert WHATSAPP.link("https://evil.example/", "vk_autumn") is None


# The owner's phone -----------------------------------------------------------------------------------------------


def test_what_the_owner_writes_on_the_phone():
    one = fact("smb_message_echoes", contacts=[ANNA], message_echoes=[ECHO])
    assert isinstance(one, OperatorEcho)
    assert (one.external_id, one.chat, one.text) == ("wamid.ECHO1", "79161234567", "Ждём вас")
    assert (one.person.external_id, one.person.name) == ("79161234567", "Анна")


def test_what_the_owner_writes_to_a_person_without_a_phone():
    echo = {key: value for key, value in ECHO.items() if key != "to"}
    one = fact("smb_message_echoes", message_echoes=[{**echo, "to_user_id": BSUID}])
    assert (one.chat, one.person.phone) == (BSUID, None)


def test_the_owner_edits_and_deletes():
    edit = {"original_message_id": "wamid.ECHO1", "message": {"type": "text", "text": {"body": "Ждём в 16"}}}
    edited = fact("smb_message_echoes", message_echoes=[{**ECHO, "type": "edit", "edit": edit}])
    assert (edited.external_id, edited.text, edited.by_operator) == ("wamid.ECHO1", "Ждём в 16", True)
    revoke = {"original_message_id": "wamid.ECHO1"}
    deleted = fact("smb_message_echoes", message_echoes=[{**ECHO, "type": "revoke", "revoke": revoke}])
    assert deleted == MessagesDeleted(chat="79161234567", external_ids=("wamid.ECHO1",))
