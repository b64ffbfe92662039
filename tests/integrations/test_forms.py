"""Site forms: who sent it, what it says, whom it comes from."""

import json
import time
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from integrations import registry
from integrations.errors import ParseError
from integrations.protocols.channel import FormSubmitted, HookRequest, Ignored

FORM = registry.channel("form")
ENCODED = "application/x-www-form-urlencoded"


def encoded(fields, content_type=ENCODED, **headers):
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return HookRequest(headers={"content-type": content_type, **headers}, body=urlencode(pairs).encode())


def posted(tree, content_type="application/json", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return HookRequest(headers={"content-type": content_type, **headers}, body=json.dumps(tree).encode())


def lead(request, settings=None):
    (fact,) = FORM.parse(settings or {}, request)
    assert isinstance(fact, FormSubmitted)
    return fact


# Any form ------------------------------------------------------------------------------------------------------------

OWN = {
    "name": "Света",
    "phone": "+7 905 123-45-71",
    "email": "Sveta@Example.COM",
    "message": "Перезвоните",
    "service": "Маникюр",
    "consent": "1",
    "page_url": "https://salon.example/?utm_source=Yandex&utm_medium=CPC&utm_campaign=nov&yclid=12345678901234567890",
    "submission_id": "7e0f6f0e-6f41-4b0c-9a55-0d6c9b8e1a01",
    "website": "",
}


@pytest.mark.parametrize(
    "request_",
    [
        encoded(OWN),
        posted(OWN),
        posted(OWN, "text/plain;charset=UTF-8"),
        posted(OWN, ENCODED),
        HookRequest(
            headers={"content-type": 'multipart/form-data; boundary="zz"'},
            body="".join(
                f'--zz\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in OWN.items()
            ).encode()
            + b"--zz--\r\n",
        ),
    ],
    ids=["form", "json", "beacon", "json as form", "multipart"],
)
def test_our_own_form_in_each_of_its_encodings(request_):
    one = lead(request_)
    assert (one.name, one.phone, one.phone_typed) == ("Света", "+79051234571", "+7 905 123-45-71")
    assert (one.email, one.message, one.consent) == ("Sveta@example.com", "Перезвоните", True)
    assert one.answers == (("service", "Маникюр"),)
    touch = one.touch
    assert (touch.source, touch.medium, touch.campaign) == ("yandex", "cpc", "nov")
    assert touch.click_ids == {"yclid": "12345678901234567890"}
    assert touch.page_url == one.page_url == OWN["page_url"]
    assert FORM.event_id(request_) == one.external_id
    assert one.external_id.startswith(OWN["submission_id"])
    assert one.suspicious == ""


def test_a_repeat_has_the_same_id_and_another_person_behind_the_same_page_has_not():
    first = encoded(OWN)
    repeat = encoded({**OWN, "page_url": "", "phone": "8 905 123 45 71"})
    other = encoded({**OWN, "phone": "8 905 123 45 72"})
    assert FORM.event_id(first) == FORM.event_id(repeat)
    assert FORM.event_id(first) != FORM.event_id(other)


def test_an_idempotency_key_in_a_header():
    one = encoded({"phone": "89051234571"}, idempotency_key="abc")
    assert FORM.event_id(one).startswith("abc:")
    assert FORM.event_id(encoded({"phone": "89051234571"})) is None


@pytest.mark.parametrize(
    ("fields", "name", "phone"),
    [
        ({"Имя": "Олег", "Телефон": "89051234568"}, "Олег", "+79051234568"),
        ({"Ваше имя*": "Олег", "Номер телефона": "9051234568"}, "Олег", "+79051234568"),
        ({"ФИО": "Олег Н", "tel-123": "8 905 123 45 68"}, "Олег Н", "+79051234568"),
        ({"your-name": "Олег", "your-tel": "79051234568"}, "Олег", "+79051234568"),
        (
            {"first_name": "Олег", "last_name": "Новак", "mobile": "+79051234568"},
            "Олег Новак",
            "+79051234568",
        ),
        ({"contacts[name]": "Олег", "contacts[phone]": "89051234568"}, "Олег", "+79051234568"),
        ({"form_fields[name]": "Олег", "form_fields[phone]": "89051234568"}, "Олег", "+79051234568"),
        ({"Имя": "Олег", "WhatsApp": "89051234568"}, "Олег", "+79051234568"),
        ({"Имя": "Олег", "Как связаться?": "8 (905) 123-45-68"}, "Олег", "+79051234568"),
        (
            {"Имя": "Олег", "phone": "позвоните вечером", "message": "номер 8(905)123-45-68"},
            "Олег",
            "+79051234568",
        ),
        ({"Имя": "Олег", "phone": "не скажу"}, "Олег", None),
    ],
)
def test_fields_are_known_by_many_names(fields, name, phone):
    for request in (encoded(fields), posted(fields)):
        one = lead(request)
        assert (one.name, one.phone) == (name, phone)


def test_what_was_typed_as_a_phone_is_kept():
    assert lead(encoded({"phone": "позвоните вечером", "name": "А"})).phone_typed == "позвоните вечером"


def test_unknown_fields_are_answers_in_their_order():
    fields = [
        ("Услуга", "Стрижка"),
        ("Услуга_2", "Борода"),
        ("phone", "89051234568"),
        ("Дата", "12.10"),
        ("пусто", ""),
    ]
    assert lead(encoded(fields)).answers == (("Услуга", "Стрижка"), ("Услуга_2", "Борода"), ("Дата", "12.10"))


def test_repeated_fields_and_lists_are_joined():
    fields = [("phone", "89051234568"), ("услуга[]", "Стрижка"), ("услуга[]", "Борода")]
    assert lead(encoded(fields)).answers == (("услуга", "Стрижка, Борода"),)
    assert lead(posted({"phone": "89051234568", "услуга": ["Стрижка", "Борода"]})).answers == (
        ("услуга", "Стрижка, Борода"),
    )


def test_questions_given_as_pairs():
    pairs = [
        {"q": "Что?", "a": "Маникюр"},
        {"title": "Телефон", "value": "89051234568"},
        {"q": "Когда?", "a": ["1", "2"]},
    ]
    one = lead(posted({"answers": pairs}))
    assert one.phone == "+79051234568"
    assert one.answers == (("Что?", "Маникюр"), ("Когда?", "1, 2"))


def test_elementor_with_details():
    fields = {
        "form[id]": "a1",
        "form[name]": "Запись",
        "fields[name][id]": "name",
        "fields[name][type]": "text",
        "fields[name][title]": "Как к вам обращаться?",
        "fields[name][value]": "Олег",
        "fields[name][raw_value]": "Олег",
        "fields[field_1][id]": "field_1",
        "fields[field_1][type]": "tel",
        "fields[field_1][title]": "Телефон",
        "fields[field_1][value]": "89051234568",
        "meta[page_url][title]": "Page URL",
        "meta[page_url][value]": "https://salon.example/?utm_source=vk",
    }
    one = lead(encoded(fields))
    assert (one.name, one.phone, one.form_id) == ("Олег", "+79051234568", "a1")
    assert one.page_url == "https://salon.example/?utm_source=vk"
    assert one.touch.source == "vk"


@pytest.mark.parametrize(
    ("fields", "consent"),
    [
        ({}, None),
        ({"consent": "1"}, True),
        ({"Согласие": "да"}, True),
        ({"agree": "on"}, True),
        ({"acceptance-1": "1"}, True),
        ({"Checkbox": "yes"}, True),
        ({"checkbox-1": "Стрижка"}, None),
        ({"consent": "0"}, False),
        ({"consent": ""}, False),
        ({"consent": "1", "Согласие": "нет"}, False),
    ],
)
def test_consent_is_told_never_assumed(fields, consent):
    assert lead(encoded({"phone": "89051234568", **fields})).consent is consent


@pytest.mark.parametrize(
    "body",
    [
        '{"name":"Анна","phone":"89051234568"}'.encode("windows-1251"),
        '{"name":"Анна","phone":"89051234568"}'.encode("utf-16"),
        b"\xef\xbb\xbf" + '{"name":"Анна","phone":"89051234568"}'.encode(),
        "name=Анна&phone=89051234568".encode(),
        "name=Анна&phone=89051234568".encode("windows-1251"),
        b"name=%C0%ED%ED%E0&phone=89051234568",
        b"name=%D0%90%D0%BD%D0%BD%D0%B0&phone=89051234568",
    ],
)
def test_letters_survive_whatever_the_charset(body):
    assert lead(HookRequest(body=body)).name == "Анна"


def test_a_trap_for_robots():
    trap = {"name": "SEO", "phone": "89051234568", "website": "http://spam"}
    (fact,) = FORM.parse({}, encoded(trap))
    assert isinstance(fact, Ignored)
    assert lead(encoded(trap), {"honeypot": "fax"}).name == "SEO"
    (fact,) = FORM.parse({"honeypot": "fax"}, encoded({**trap, "fax": "1"}))
    assert isinstance(fact, Ignored)


@pytest.mark.parametrize(
    ("fields", "suspicious"),
    [
        ({"name": "Visit http://a.example"}, "links"),
        ({"message": "http://a http://b http://c"}, "links"),
        ({"message": "мой сайт http://a"}, ""),
    ],
)
def test_suspicious_leads_are_marked_not_dropped(fields, suspicious):
    assert lead(encoded({"phone": "89051234568", **fields})).suspicious == suspicious


@pytest.mark.parametrize(
    "request_",
    [encoded({"color": "red"}), posted({"a": 1}), posted([]), posted([1]), posted("x"), encoded({})],
)
def test_nothing_to_answer_to_is_a_parse_error(request_):
    with pytest.raises(ParseError):
        FORM.parse({}, request_)


def test_a_list_of_submissions():
    facts = FORM.parse({}, posted([{"phone": "89051234568"}, {"phone": "89051234569"}]))
    assert [fact.phone for fact in facts] == ["+79051234568", "+79051234569"]


def test_ten_thousand_fields_cost_no_lead_and_no_time():
    started = time.perf_counter()
    one = lead(encoded([("phone", "89051234568"), *((f"f{n}", "v" * 50) for n in range(10_000))]))
    assert one.phone == "+79051234568"
    assert len(one.answers) <= 200
    assert time.perf_counter() - started < 0.5


def test_long_values_are_cut():
    one = lead(encoded({"phone": "89051234568", "message": "а" * 50_000, "Имя": "б" * 5000}))
    assert (len(one.message), len(one.name)) == (10_000, 255)


def test_files_are_known_by_their_names():
    body = (
        b'--zz\r\nContent-Disposition: form-data; name="phone"\r\n\r\n89051234568\r\n'
        b'--zz\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        b"\xff\xd8\xff\r\n--zz--\r\n"
    )
    one = lead(HookRequest(headers={"content-type": "multipart/form-data; boundary=zz"}, body=body))
    assert one.answers == (("photo", "a.jpg"),)


def test_labels_in_the_address_of_the_hook_give_way_to_the_form():
    request = HookRequest(
        query={"utm_source": "2gis", "form_name": "Подвал"}, body=b"phone=89051234568&utm_source=vk"
    )
    one = lead(request)
    assert (one.form_name, one.touch.source) == ("Подвал", "vk")


# Senders -------------------------------------------------------------------------------------------------------------

TAGS = "utm_source%3Dyandex%7C%7C%7Cutm_medium%3Dcpc%7C%7C%7C{}"
COOKIES = f"_ym_uid=1700000000123456789; TILDAUTM={TAGS}; PHPSESSID=secret"
TILDA = {
    "Name": "Анна",
    "Phone": "+7 (905) 123-45-67",
    "Checkbox": "yes",
    "tranid": "8123456:5550001",
    "formid": "form7",
    "formname": "Запись",
}


def test_tilda():
    one = lead(encoded({**TILDA, "COOKIES": COOKIES.format("utm_campaign%3Dbrows")}))
    assert (one.provider, one.external_id) == ("tilda", "8123456:5550001")
    assert (one.form_id, one.form_name, one.consent) == ("form7", "Запись", True)
    assert (one.touch.source, one.touch.medium, one.touch.campaign) == ("yandex", "cpc", "brows")
    assert one.touch.click_ids == {"_ym_uid": "1700000000123456789"}
    assert "secret" not in repr(one)


def test_tildas_hidden_tags_win_whole_and_broken_tags_are_empty():
    one = lead(encoded({**TILDA, "COOKIES": COOKIES.format(""), "utm_source": "vk", "utm_campaign": "nov2"}))
    assert (one.touch.source, one.touch.medium, one.touch.campaign) == ("vk", "", "nov2")
    one = lead(encoded({**TILDA, "COOKIES": COOKIES.format("amp%3Butm_campaign%3D%7Bcampaign_id%7D")}))
    assert (one.touch.source, one.touch.campaign) == ("yandex", "")


def test_tildas_probe_stores_nothing():
    reply = FORM.handshake({}, encoded({"test": "test"}))
    assert (reply.status, reply.body) == (200, b"ok")
    assert FORM.handshake({}, encoded({"test": "test", "phone": "1"})) is None


MARQUIZ = {
    "contacts": {"name": "Дмитрий", "phone": "79994445566", "email": "d@example.com"},
    "quiz": {"id": "q1", "name": "Квиз"},
    "created": "2025-10-25T19:00:00.000Z",
    "extra": {
        "utm": {"source": "vk", "medium": "cpc", "name": "camp1"},
        "href": "http://example.com/",
        "cookies": {"_ym_uid": "17", "sid": "secret"},
    },
    "answers": [
        {"q": "Какая услуга?", "a": ["Маникюр", "Педикюр"]},
        {"q": "Когда?", "a": "На неделе", "t": "x"},
    ],
}


def test_marquiz():
    one = lead(posted(MARQUIZ))
    assert (one.provider, one.name, one.phone, one.email) == (
        "marquiz",
        "Дмитрий",
        "+79994445566",
        "d@example.com",
    )
    assert one.answers == (("Какая услуга?", "Маникюр, Педикюр"), ("Когда?", "На неделе"))
    assert (one.touch.source, one.touch.campaign, one.touch.click_ids) == ("vk", "camp1", {"_ym_uid": "17"})
    assert (one.form_id, one.form_name, one.submitted_at) == (
        "q1",
        "Квиз",
        datetime(2025, 10, 25, 19, tzinfo=UTC),
    )
    assert FORM.event_id(posted(MARQUIZ)) == one.external_id
    assert FORM.event_id(posted({**MARQUIZ, "created": "2025-10-25T19:00:01.000Z"})) != one.external_id


def test_marquiz_form_encoded_and_bare():
    fields = {
        "contacts[phone]": "79994445566",
        "quiz[id]": "q1",
        "extra[utm][source]": "vk",
        "extra[utm][name]": "camp1",
        "answers[0][q]": "Услуга?",
        "answers[0][a]": "Маникюр",
    }
    one = lead(encoded(fields))
    assert (one.phone, one.touch.campaign, one.answers) == (
        "+79994445566",
        "camp1",
        (("Услуга?", "Маникюр"),),
    )
    assert lead(posted({"contacts": {"phone": "79994445567"}, "quiz": {"id": "q"}})).phone == "+79994445567"


VKADS = {
    "id": "07c0810ac51c47c98e001b1e91c94ba4",
    "resource": "LEAD",
    "data": {
        "id": 2523,
        "form_id": 101,
        "ad_plan_id": 15,
        "ad_group_id": 25,
        "banner_id": 35,
        "created_at": "2026-11-23 09:00:00.1 +0000 UTC",
        "answers": [
            {
                "question_text": "Услуга?",
                "answer_options": [{"id": "1", "text": "Маникюр"}],
                "answer_text": "",
            },
            {"question_text": "Когда?", "answer_options": [], "answer_text": "в субботу"},
        ],
        "contact_info": {"first_name": "Анна", "phone": "+79051234567", "email": None, "city": "Омск"},
    },
}


def test_vk_ads():
    one = lead(posted(VKADS))
    assert (one.provider, one.external_id, one.name) == ("vkads", "vkads:2523", "Анна")
    assert one.answers == (("Услуга?", "Маникюр"), ("Когда?", "в субботу"), ("city", "Омск"))
    assert (one.touch.source, one.touch.medium, one.touch.campaign, one.touch.content) == (
        "vk",
        "cpc",
        "15",
        "35",
    )
    assert one.submitted_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


GOOGLE = {
    "lead_id": "TeSter-123",
    "user_column_data": [
        {"column_id": "FULL_NAME", "string_value": "Anna Petrova"},
        {"column_id": "PHONE_NUMBER", "string_value": "+79051234567"},
        {"column_id": "CITY", "column_name": "City", "string_value": "Omsk"},
    ],
    "form_id": 40,
    "campaign_id": 12,
    "gcl_id": "Cj0",
    "google_key": "our-key",
}


def test_google_ads():
    one = lead(posted(GOOGLE))
    assert (one.provider, one.external_id, one.name) == ("googleads", "TeSter-123", "Anna Petrova")
    assert (one.answers, one.touch.click_ids) == ((("City", "Omsk"),), {"gclid": "Cj0"})
    (fact,) = FORM.parse({}, posted({**GOOGLE, "is_test": True}))
    assert isinstance(fact, Ignored)
    assert FORM.acknowledge({}, posted(GOOGLE)).body == b"{}"


def test_google_adss_key_is_checked_where_it_is_set():
    assert FORM.verify({}, posted(GOOGLE))
    assert FORM.verify({"google_key": "our-key"}, posted(GOOGLE))
    assert not FORM.verify({"google_key": "other"}, posted(GOOGLE))
    assert FORM.verify({"google_key": "other"}, encoded({"phone": "89051234568"}))


def test_yandex_forms_of_both_kinds():
    rpc = {"jsonrpc": "2.0", "method": "lead", "id": 1}
    request = posted({**rpc, "params": {"answer_id": "20", "name": "Мария", "phone": "+7 905 123-45-70"}})
    one = lead(request)
    assert (one.provider, one.external_id, one.name, one.answers) == (
        "yandex_forms",
        "yandex:20",
        "Мария",
        (),
    )
    assert json.loads(FORM.acknowledge({}, request).body) == {"jsonrpc": "2.0", "result": "ok", "id": 1}
    own = {"source": "yandex_forms", "form": "65", "answer_id": "21", "phone": "89051234570"}
    one = lead(posted({**own, "utm": "utm_source=telegram&utm_campaign=post1"}))
    assert (one.form_id, one.external_id, one.answers) == ("65", "yandex:21", ())
    assert (one.touch.source, one.touch.campaign) == ("telegram", "post1")


def test_google_forms_by_our_script():
    told = {
        "source": "google_forms",
        "form_id": "1FAIp",
        "response_id": "2_ABaOnue",
        "answers": [
            {"q": "Ваше имя", "a": "Мария"},
            {"q": "Телефон", "a": "8 905 123-45-70"},
            {"q": "Услуга", "a": ["Стрижка", "Борода"]},
        ],
    }
    one = lead(posted(told))
    assert (one.provider, one.external_id, one.form_id) == ("google_forms", "googleforms:2_ABaOnue", "1FAIp")
    assert (one.name, one.phone, one.answers) == ("Мария", "+79051234570", (("Услуга", "Стрижка, Борода"),))
    assert FORM.event_id(posted(told)) == one.external_id


JIVO = {
    "event_name": "offline_message",
    "offline_message_id": "77",
    "message": "Перезвоните мне",
    "visitor": {"name": "Мария", "phone": "+7 905 123-45-70", "email": "", "number": "5"},
    "session": {"utm_json": {"source": "yandex", "campaign": "autumn"}},
    "page": {"url": "https://salon.example/price", "title": "Цены"},
}


def test_jivo():
    one = lead(posted(JIVO))
    assert (one.provider, one.external_id) == ("jivo", "jivo:offline_message:77")
    assert (one.name, one.phone, one.message) == ("Мария", "+79051234570", "Перезвоните мне")
    assert (one.touch.source, one.touch.campaign, one.page_url) == (
        "yandex",
        "autumn",
        "https://salon.example/price",
    )
    assert FORM.acknowledge({}, posted(JIVO)).body == b'{"result":"ok"}'


def test_a_chat_of_jivo_is_a_lead_where_it_can_be_answered():
    chat = {"messages": [{"type": "visitor", "message": "Есть окно?"}, {"type": "agent", "message": "Да"}]}
    finished = {**JIVO, "event_name": "chat_finished", "chat_id": 9, "message": None, "chat": chat}
    assert lead(posted(finished)).message == "Есть окно?"
    for told in ({**finished, "visitor": {"name": "Гость"}}, {**JIVO, "event_name": "chat_accepted"}):
        (fact,) = FORM.parse({}, posted(told))
        assert isinstance(fact, Ignored)


def test_a_vk_community_form_belongs_elsewhere():
    assert FORM.handshake({}, posted({"type": "lead_forms_new", "group_id": 1})).status == 404


def test_a_deep_body_without_a_word_is_refused_and_with_one_is_kept():
    def nest(leaf, depth=11):
        return leaf if not depth else {"a": nest(leaf, depth - 1)}

    assert FORM.handshake({}, posted(nest(1))).status == 400
    assert FORM.handshake({}, posted(nest("Анна"))) is None
    assert FORM.handshake({}, posted(nest(1, 5))) is None


# Browsers ------------------------------------------------------------------------------------------------------------

SITES = {"allowed_origins": "https://salon.example, *.shop.example  landing.example"}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://salon.example", True),
        ("https://SALON.example", True),
        ("http://salon.example", False),
        ("https://a.shop.example", True),
        ("https://shop.example", False),
        ("https://evilshop.example", False),
        ("http://landing.example", True),
        ("https://landing.example:8443", False),
        ("https://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin, allowed):
    headers = {} if origin is None else {"origin": origin}
    request = encoded({"phone": "89051234568"}, **headers)
    assert FORM.verify(SITES, request) is allowed
    assert FORM.verify({}, request) is True
    cors = FORM.acknowledge(SITES, request).headers
    assert cors.get("Access-Control-Allow-Origin") == (origin if origin and allowed else None)


def test_preflights():
    asked = HookRequest(method="OPTIONS", headers={"origin": "https://salon.example"})
    reply = FORM.handshake(SITES, asked)
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (204, "https://salon.example")
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    assert (
        FORM.handshake(
            SITES, HookRequest(method="OPTIONS", headers={"origin": "https://evil.example"})
        ).status
        == 403
    )
    assert FORM.handshake({}, asked).status == 204


PAGE = {"accept": "text/html,application/xhtml+xml", "origin": "https://salon.example"}


@pytest.mark.parametrize(
    ("redirect", "status"),
    [
        ("https://salon.example/thanks?x=1", 303),
        ("https://a.shop.example/", 303),
        ("https://evil.example/", 200),
        ("https://salon.example.evil.example/", 200),
        ("https://salon.example@evil.example/", 200),
        ("https://evil.example\\@salon.example/", 200),
        ("//evil.example/", 200),
        ("javascript:alert(1)", 200),
        ("https://salon.example\r\nX: y", 200),
        ("", 200),
    ],
)
def test_a_plain_form_is_led_on_to_an_allowed_site_only(redirect, status):
    request = encoded({"phone": "89051234568", "redirect": redirect}, **PAGE)
    reply = FORM.acknowledge(SITES, request)
    assert reply.status == status
    assert (reply.headers.get("Location") == redirect) == (status == 303)
    assert (reply.page == "thank_you") == (status == 200)
    assert FORM.acknowledge({}, request).status == 200


def test_scripts_and_servers_get_json():
    for headers in ({}, {"sec_fetch_mode": "cors", **PAGE}):
        reply = FORM.acknowledge(SITES, encoded({"phone": "89051234568"}, **headers))
        assert (reply.body, reply.page) == (b'{"ok":true}', None)
    assert FORM.acknowledge({}, encoded(TILDA)).body == b"ok"
    taken = FORM.acknowledge({}, encoded(TILDA, origin="https://salon.example"))
    assert json.loads(taken.body) == {"message": "OK", "results": ["8123456:5550001"]}


def test_the_thread_is_the_person():
    keys = {FORM.thread_key(encoded({"phone": phone})) for phone in ("8 905 123 45 68", "+79051234568")}
    assert keys == {"+79051234568"}
    assert FORM.thread_key(encoded({"email": "a@b.example"})) is None
