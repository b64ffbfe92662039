"""Templates of WhatsApp: sent, listed, handed in."""

import pytest

from fakes.meta import FakeMeta
from integrations import errors, registry
from integrations.protocols.channel import Button, Outgoing, Template
from kit import http
from tests.integrations.meta_door import in_loop
from tests.integrations.wires.whatsapp import WIRE

WHATSAPP = registry.channel("whatsapp")
SETTINGS = WIRE.settings
ANNA = "79161234567"
YES_NO = ((Button("Да", "t:1"),), (Button("Нет", "t:2"),))
TEXT = "{{1}}, ждём вас {{2}}."


@pytest.fixture
def meta(settings):
    with FakeMeta() as server:
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "meta": server.url}
        settings.ALLOW_PRIVATE_HOSTS = True
        yield server


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def send(chat=ANNA, text="Здравствуйте", **more):
    return WHATSAPP.send(SETTINGS, Outgoing(chat=chat, text=text, **more))


def approved(meta, **more):
    body = {"type": "BODY", "text": f"Здравствуйте, {TEXT}"}
    known = {"id": "1", "name": "visit", "language": "ru", "category": "UTILITY", "status": "APPROVED"}
    meta.templates.append({**known, "components": [body], "rejected_reason": "NONE", **more})


def visit(*values, **more):
    return send(text="", late=True, template=Template(name="visit", values=values), **more)


def test_a_template_goes_where_free_words_may_not(meta, go):
    approved(meta)
    meta.closed.add(ANNA)
    with pytest.raises(errors.Rejected) as refusal:
        go(send())
    assert refusal.value.code == "window_closed"
    go(visit("Анна\nПетровна", "", buttons=YES_NO))
    (sent,) = meta.sent_to(ANNA)
    body, first, second = sent["template"]["components"]
    # Line breaks and empty places would be refused.
    assert [p["text"] for p in body["parameters"]] == ["Анна Петровна", "-"]
    assert (first["index"], first["parameters"]) == ("0", [{"type": "payload", "payload": "t:1"}])
    assert second["index"] == "1"


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        (("Анна",), "APPROVED", "bad_template"),
        (("Анна", "завтра"), "PAUSED", "template_paused"),
        (("Анна", "завтра"), "DISABLED", "template_disabled"),
        (("Анна", "завтра"), "PENDING", "no_template"),
    ],
)
def test_a_template_that_does_not_fit(meta, values, status, code):
    approved(meta, status=status)
    with pytest.raises(errors.Rejected) as refusal:
        http.run(visit(*values))
    assert (refusal.value.code, refusal.value.content) == (code, True)


def test_templates_are_listed_page_by_page(meta, go):
    for number in range(150):
        approved(meta, name=f"visit_{number}")
    buttons_part = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Приду"}]}
    meta.templates[0]["components"].append(buttons_part)
    meta.templates[1] |= {"status": "REJECTED", "rejected_reason": "SCAM"}
    found = go(WHATSAPP.templates(SETTINGS))
    assert len(found) == 150
    assert (found[0].name, found[0].status, found[0].places) == ("visit_0", "APPROVED", 2)
    assert (found[0].replies, found[1].reason) == (("Приду",), "SCAM")


def test_a_template_is_handed_in(meta, go):
    made = go(
        WHATSAPP.create_template(
            {**SETTINGS, "business_account_id": "102290129340398"},
            name="visit",
            text=f"Здравствуйте, {TEXT}",
            examples=("Анна", "24.11 15:00"),
            replies=("Приду", "Не смогу"),
        )
    )
    assert (made.status, made.places) == ("PENDING", 2)
    (kept,) = meta.templates
    assert kept["components"][0]["example"] == {"body_text": [["Анна", "24.11 15:00"]]}
    assert kept["components"][1]["buttons"][0] == {"type": "QUICK_REPLY", "text": "Приду"}
    with pytest.raises(errors.Rejected) as refusal:
        go(WHATSAPP.create_template(SETTINGS, name="visit", text="Ждём вас"))
    assert refusal.value.code == "template_exists"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "Visit"}, "template_name"),
        ({"text": "{{1}}, ждём вас", "examples": ("Анна",)}, "template_places"),
        ({"text": "Ждём вас {{1}}", "examples": ("завтра",)}, "template_places"),
        ({"text": "Ждём {{2}} вас", "examples": ("завтра",)}, "template_places"),
        ({"text": "Ждём {{1}} вас"}, "template_examples"),
        ({"text": " "}, "too_long"),
        ({"category": "ADS"}, "bad_template"),
        ({"replies": ("я" * 26,)}, "bad_buttons"),
    ],
)
def test_a_template_that_would_be_refused_is_not_handed_in(meta, more, code):
    given = {"name": "visit", "text": "Ждём вас", **more}
    with pytest.raises(errors.Rejected) as refusal:
        http.run(WHATSAPP.create_template({**SETTINGS, "business_account_id": "102290129340398"}, **given))
    assert refusal.value.code == code
    assert meta.ledger == []
