"""What a letter says, read as facts: who, the new words, the files; robots, reports and forged marks told apart."""

import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import errors, registry
from integrations.mail import html, marks
from integrations.protocols.channel import (
    FormSubmitted,
    HookRequest,
    Ignored,
    MarketingStopped,
    MessageReceived,
    Person,
    Receipt,
)
from tests.integrations import cases
from tests.integrations.wires.email import WIRE, letter, mailgun, postmark, raw

EMAIL = registry.channel("email")
PIXEL = base64.b64encode(b"\x89PNG" + b"\0" * 60).decode()
PICTURE = base64.b64encode(b"\x89PNG" + b"\0" * 6000).decode()


def fact(request, **settings):
    (found,) = EMAIL.parse({**WIRE.settings, **settings}, request)
    return found


def of(body: bytes, **more):
    return HookRequest(headers={"content-type": "message/rfc822"}, body=body, **more)


def expected(failure):
    """A ParseError that was meant: the last net of a parser is for bugs."""
    assert not failure.reason.startswith("unreadable"), repr(failure.__cause__)


def ours(key="1001"):
    return marks.message_id(WIRE.settings, key, "salon.example")


# Who and what --------------------------------------------------------------------------------------------------------


def test_a_plain_letter():
    assert fact(letter("a1@example.ru")) == MessageReceived(
        external_id="a1@example.ru",
        chat="anna@example.ru",
        person=Person(external_id="anna@example.ru", name="Anna", email="anna@example.ru"),
        text="Можно завтра?",
        subject="Booking",
        sent_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    )


def test_the_same_letter_is_one_event_by_whatever_way_it_comes():
    told = {"from": "anna@example.ru", "body-plain": "Можно завтра?", "Message-Id": "<a1@example.ru>"}
    assert EMAIL.event_id(letter("a1@example.ru")) == EMAIL.event_id(mailgun(**told)) == "a1@example.ru"


def test_a_letter_without_an_id_of_use_is_known_by_what_it_says():
    bare = b"From: a@b.ru\r\nSubject: hi\r\n\r\nhello"
    assert EMAIL.event_id(of(bare)).startswith("sha256:")
    assert EMAIL.event_id(of(bare)) == EMAIL.event_id(of(bare)) != EMAIL.event_id(of(bare + b"!"))
    for odd in ("x" * 300, "a b", ""):
        request = letter(odd)
        assert EMAIL.event_id(request).startswith("sha256:")
        assert fact(request).external_id == EMAIL.event_id(request)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("=?utf-8?B?0JDQvdC90LA=?= <anna@example.ru>", "Анна"),
        ("=?utf-8?B?0JDQvdC9?= =?utf-8?B?0LA=?= <anna@example.ru>", "Анна"),
        ("=?utf-8?B?0JDQvdC90A==?= =?utf-8?B?sA==?= <anna@example.ru>", "Анна"),  # a letter cut in two
        ("=?koi8-r?Q?=E1=CE=CE=C1?= <anna@example.ru>", "Анна"),
        ("=?windows-1251?B?wO3t4A==?= <anna@example.ru>", "Анна"),
        ("=?utf-8?B?0JDQvdC90LA?= <anna@example.ru>", "Анна"),
        ("=?no-such?B?0JDQvdC90LA=?= <anna@example.ru>", "Анна"),
        ('"Анна, мастер" <Anna@Example.ru>', "Анна, мастер"),
        ("anna@example.ru", ""),
        ("<anna@example.ru>", ""),
        ("anna@example.ru (Anna)", "Anna"),
        ('"Broken <anna@example.ru', ""),
        ("anna@example.ru, boris@example.ru", ""),
    ],
)
def test_senders_however_they_are_written(value, name):
    found = fact(letter("a1@example.ru", From=value))
    assert (found.chat, found.person.name) == ("anna@example.ru", name)


def test_headers_in_bare_windows_1251():
    body = "From: Мария <maria@example.ru>\r\nSubject: Запись\r\n\r\nХочу на маникюр".encode("cp1251")
    found = fact(of(body))
    assert (found.person.name, found.subject, found.text) == ("Мария", "Запись", "Хочу на маникюр")


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        ("utf-8", "utf-8"),
        ("koi8-r", "koi8-r"),
        ("koi8r", "koi8-r"),
        ("win-1251", "cp1251"),
        ("windows-1251http-equivcontent-type", "cp1251"),
        ("unknown-8bit", "cp1251"),
        ("unknown-8bit", "koi8-r"),
        ("us-ascii", "cp1251"),
        ("iso-8859-1", "cp1251"),
        ("utf-8", "cp1251"),
        ("punycode", "utf-8"),
        ("base64", "utf-8"),
        ("", "cp1251"),
    ],
)
def test_charsets_declared_well_and_badly(declared, actual):
    head = f"From: a@b.ru\r\nContent-Type: text/plain; charset={declared}\r\n\r\n".encode()
    assert (
        fact(of(head + "Здравствуйте, сколько стоит?".encode(actual))).text == "Здравствуйте, сколько стоит?"
    )


def test_a_western_letter_stays_western():
    head = b"From: a@b.fr\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
    assert fact(of(head + "Déjà vu, où êtes-vous?".encode("latin-1"))).text == "Déjà vu, où êtes-vous?"


def test_a_letter_to_a_tagged_address_tells_the_link_it_came_by():
    found = fact(letter("a1@example.ru", To="Salon <salon+vk_autumn@salon.example>"))
    assert (found.touch.source, found.touch.campaign) == ("vk", "autumn")
    assert fact(letter("a1@example.ru", To="other+vk_autumn@salon.example")).touch is None
    assert fact(letter("a1@example.ru", To="salon+a b@salon.example")).touch is None


def test_a_sender_that_the_own_server_does_not_confirm_is_noted():
    checked = "mx.example.com; dkim=fail; spf=fail; dmarc=fail header.from=example.ru"
    assert "not confirmed" in fact(letter("a1@example.ru", Authentication_Results=checked)).note
    assert fact(letter("a1@example.ru", Authentication_Results="mx.example.com; dmarc=pass")).note == ""


@pytest.mark.parametrize(
    "body", [b"", b"\r\n\r\n", b"no letter at all", b"Subject: a\r\n\r\nb", b"From: \r\n\r\nb"]
)
def test_what_has_no_sender_goes_to_a_person(body):
    with pytest.raises(errors.ParseError):
        EMAIL.parse(WIRE.settings, of(body))


# Words ---------------------------------------------------------------------------------------------------------------

OLDER = "\n> Когда вам удобно?\n> Марта"
QUOTATIONS = [
    "пн, 23 нояб. 2026 г. в 12:00, Салон Марта <salon@salon.example>:\n" + OLDER,
    "пн, 23 нояб. 2026 г. в 12:00, Салон красоты «Марта» на Ленина <\nsalon@salon.example>:\n" + OLDER,
    '23.11.2026, 12:00, "Салон Марта" <salon@salon.example>:\n' + OLDER,
    "Понедельник, 23 ноября 2026, 12:00 +03:00 от Салон Марта <salon@salon.example>:\n" + OLDER,
    "> 23 нояб. 2026 г., в 12:00, Салон Марта <salon@salon.example> написал(а):\n" + OLDER,
    "23.11.2026 12:00, Салон Марта пишет:\n" + OLDER,
    "On Mon, Nov 23, 2026 at 12:00 PM Marta <salon@salon.example> wrote:\n" + OLDER,
    "On Mon, Nov 23, 2026 at 12:00 PM Marta from the salon\n<salon@salon.example> wrote:\n" + OLDER,
    "От: Салон Марта <salon@salon.example>\nОтправлено: 23 ноября 2026 г. 12:00\nКому: Анна\n\nКогда?",
    "*From:* Marta <salon@salon.example>\n*Sent:* Monday, November 23, 2026\n\nWhen?",
    "-----Исходное сообщение-----\nКогда вам удобно?",
    "-------- Original Message --------\nWhen?",
    "________________________________\nКогда вам удобно?",
    OLDER,
]


@pytest.mark.parametrize("older", QUOTATIONS)
def test_the_older_letter_below_is_cut_off(older):
    assert fact(letter("a1@example.ru", f"В субботу.\nСпасибо!\n\n{older}")).text == "В субботу.\nСпасибо!"


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nАнна Петрова\n+7 905 123-45-67",
        "--\nАнна",
        "Отправлено с iPhone",
        "Отправлено из мобильной Яндекс Почты",
        "Отправлено из Mail.ru для Android",
        "С уважением,\nАнна Петрова",
        "С уважением, Анна",
        "Sent from my iPhone",
        "Best regards,\nAnna",
    ],
)
def test_a_signature_is_cut_off(signature):
    assert fact(letter("a1@example.ru", f"В субботу\n\n{signature}")).text == "В субботу"


def test_answers_below_and_between_are_kept():
    assert fact(letter("a1@example.ru", "> Когда?\nВ субботу\n> Кто?\nЛена")).text == "В субботу\nЛена"
    below = f"{QUOTATIONS[2]}\n\nВ субботу"
    assert "В субботу" in fact(letter("a1@example.ru", below)).text
    only = "> Когда вам удобно?"
    assert fact(letter("a1@example.ru", only)).text == only
    assert fact(letter("a1@example.ru", "Отправлено с iPhone")).text == "Отправлено с iPhone"


def test_a_forwarded_letter_is_kept_whole():
    text = (
        "Посмотрите\n\n-------- Пересланное сообщение --------\n23.11.2026, 12:00, Олег <oleg@b.ru>:\n\nЦены?"
    )
    assert fact(letter("a1@example.ru", text)).text == text
    quoted = "23.11.2026, 12:00, Олег <oleg@b.ru>:\n\nЦены?"
    assert fact(letter("a1@example.ru", quoted, Subject="Fwd: Цены")).text == quoted


def test_ordinary_words_are_no_quotation():
    text = (
        "От: метро идти 5 минут?\nНужна запись на 23.11.2026, 12:00, можно?\nС уважением отношусь к мастерам\n"
        + "а\n" * 20
    )
    assert fact(letter("a1@example.ru", text)).text == text.strip()


def test_html_alone_becomes_text():
    markup = (
        "<html><head><title>t</title><style>p{}</style></head><body><p>Сколько&nbsp;стоит <b>маникюр</b>?<br>"
        "Анна &lt;3</p><script>alert(1)</script><!-- hidden --><ul><li>раз<li>два</ul>"
        '<a href="https://example.ru/a?b=1&amp;c=2">тут</a> <a href="javascript:alert(1)">там</a>'
        '<img src="https://track.example/x.gif"></body></html>'
    )
    found = fact(letter("a1@example.ru", markup, Content_Type="text/html; charset=utf-8"))
    assert (
        found.text
        == "Сколько стоит маникюр?\nАнна <3\n\n- раз\n- два\nтут (https://example.ru/a?b=1&c=2) там"
    )


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div>старое</div></div>',
        '<blockquote type="cite"><blockquote>старое</blockquote></blockquote>',
        '<div id="divRplyFwdMsg">От: …</div><div>старое</div>',
        '<div id="appendonsend"></div>старое',
        '<div class="moz-cite-prefix">23.11.2026 пишет:</div><blockquote type="cite">старое</blockquote>',
        '<div data-marker="__QUOTED_TEXT__"></div>старое',
    ],
)
def test_quotations_in_html_are_left_out(quote):
    assert html.plain(f"<div>В субботу</div>{quote}").text == "В субботу"
    assert "старое" in html.plain(f"<div>В субботу</div>{quote}", quotes=True).text


@pytest.mark.parametrize(
    "markup",
    ["<" * 300_000, "<!--" * 80_000, "<a " * 100_000, "&" * 300_000, "<div>" * 60_000, '<a href="' * 50_000],
)
def test_markup_made_to_be_slow_is_read_at_once(markup):
    began = time.perf_counter()
    html.plain(markup)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        ">" * 100_000,
        "> " * 100_000,
        "а" * 200_000,
        "_" * 100_000,
        "On " + "a " * 100_000,
        "\n" * 150_000,
        "1.1.2026 " * 20_000,
        ("a" + " " * 4000 + "b\n") * 300,
        ("1.1.2026, , , <a, от " * 19 + "\n") * 300,
    ],
)
def test_text_made_to_be_slow_is_read_at_once(text):
    began = time.perf_counter()
    fact(letter("a1@example.ru", text + "a"))
    fact(letter("a1@example.ru", text + "a", From="wordpress@site.example"))
    assert time.perf_counter() - began < 2


# Parts and files -----------------------------------------------------------------------------------------------------


def multipart(*parts, kind="mixed", **more):
    body = "".join(f"--=_b\n{part}\n" for part in parts) + "--=_b--\n"
    return letter("a1@example.ru", body, Content_Type=f'multipart/{kind}; boundary="=_b"', **more)


PLAIN = "Content-Type: text/plain; charset=utf-8\n\nПривет"
HTML = "Content-Type: text/html; charset=utf-8\n\n<p>Привет <b>всем</b></p>"


def attached(name, mime, content, extra=""):
    return (
        f"Content-Type: {mime}\nContent-Transfer-Encoding: base64\n{extra}"
        f"Content-Disposition: attachment; {name}\n\n{content}"
    )


def test_of_two_forms_the_plain_one_is_read():
    assert fact(multipart(PLAIN, HTML, kind="alternative")).text == "Привет"
    stub = "Content-Type: text/plain\n\nTo view this letter open it in a browser (HTML)"
    assert fact(multipart(stub, HTML, kind="alternative")).text == "Привет всем"


def test_names_of_files_are_read_and_made_safe():
    request = multipart(
        PLAIN,
        attached(
            "filename*0*=utf-8''%D0%9F%D1%80%D0%B0;\n filename*1*=%D0%B9%D1%81.pdf",
            "application/pdf",
            "JVBERg==",
        ),
        attached('filename="=?utf-8?B?0YTQvtGC0L4uanBn?="', "image/jpeg", "/9j/"),
        attached('filename="../../etc/passwd"', "text/x-odd", "YQ=="),
        attached('filename="' + "д" * 300 + '.doc"', "application/msword", "YQ=="),
        attached("x=y", "application/zip", "YQ=="),
    )
    names = [media.name for media in fact(request).media]
    assert names[:3] == ["Прайс.pdf", "фото.jpg", "passwd"]
    assert (len(names[3]), names[3][-4:], names[4]) == (150, ".doc", "file-5.zip")
    assert [media.kind for media in fact(request).media[:2]] == ["document", "image"]


def test_programs_are_left_out_with_a_word():
    found = fact(multipart(PLAIN, attached('filename="цены.pdf.exe"', "application/pdf", "TVo=")))
    assert found.media == ()
    assert "could run" in found.note


def test_pictures_inside_the_text_are_files_unless_they_are_decoration():
    def inline(cid, content):
        return (
            f"Content-Type: image/png; name={cid}.png\nContent-Transfer-Encoding: base64\n"
            f"Content-ID: <{cid}>\nContent-Disposition: inline\n\n{content}"
        )

    markup = (
        'Content-Type: text/html\n\n<img src="cid:want"><img src="cid:logo">'
        '<div class="gmail_quote"><img src="cid:old"></div>'
    )
    request = multipart(
        markup, inline("want", PICTURE), inline("logo", PIXEL), inline("old", PICTURE), kind="related"
    )
    (media,) = fact(request).media
    assert media.name == "want.png"
    assert len(EMAIL.extract(request, media)) == 6004


def test_a_letter_of_files_alone_is_named_by_its_first():
    request = multipart(attached('filename="a.jpg"', "image/jpeg", "/9j/"))
    assert (fact(request).kind, fact(request).text) == ("image", "")


def test_a_letter_within_the_letter_is_a_file():
    inner = "Content-Type: message/rfc822\n\nFrom: oleg@b.ru\nSubject: x\n\nstill here"
    (media,) = fact(multipart(PLAIN, inner)).media
    assert (media.name, media.mime) == ("letter.eml", "message/rfc822")


def test_a_boundary_that_is_not_declared_is_found():
    body = "--xx\nContent-Type: text/plain; charset=utf-8\n\nтекст\n--xx--"
    assert fact(letter("a1@example.ru", body, Content_Type="multipart/mixed")).text == "текст"


def test_depth_and_number_of_parts_are_bounded():
    deep = "x"
    for level in range(300):
        deep = f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n{deep}\n--b{level}--\n'
    many = multipart(*[attached(f'filename="{n}.pdf"', "application/pdf", "YQ==") for n in range(500)])
    began = time.perf_counter()
    try:
        EMAIL.parse(WIRE.settings, raw(f"From: a@b.ru\n{deep}"))
    except errors.ParseError as failure:
        expected(failure)
    assert len(fact(many).media) == 20
    assert time.perf_counter() - began < 3


# Robots and sites ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (rejected)"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.ru>"},
        {"List_Unsubscribe": "<https://a.example/u>"},
        {"X_Auto_Response_Suppress": "DR, OOF"},
        {"X_Autoreply": "yes"},
        {"X_Loop": "a"},
        {"Return_Path": "<>"},
        {"Feedback_ID": "1:2:news"},
        {"Subject": "Автоответ: Запись"},
        {"Subject": "Automatic reply: Booking"},
        {"From": "no-reply@shop.example"},
        {"From": "noreply+5@shop.example"},
    ],
)
def test_robots_are_named(head):
    assert fact(letter("a1@example.ru", **head)).automatic


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"Auto_Submitted": "no"},
        {"Precedence": "first-class"},
        {"From": "robert@example.ru"},
        {"From": "norepina@b.ru"},
    ],
)
def test_people_are_not(head):
    assert fact(letter("a1@example.ru", **head)).automatic == ""


def test_a_letter_of_ours_that_comes_back_is_cut_off():
    assert isinstance(fact(letter(ours())), Ignored)
    assert isinstance(fact(letter("new-id@relay.example", X_Marzha_Id=ours().partition("@")[0])), Ignored)
    # Another tenant's mark is signed otherwise: a supplier may write from Marzha too.
    assert isinstance(
        fact(letter("m.1.aaaaaaaaaaaaaaaa@b.ru", X_Marzha_Id="m.1.aaaaaaaaaaaaaaaa")), MessageReceived
    )
    assert isinstance(fact(letter("a1@example.ru", From="salon@salon.example")), Ignored)


def test_an_answer_names_the_message_of_ours_it_is_to():
    chain = f"<x@b.ru> <{ours()}> <y@b.ru>"
    assert fact(letter("a1@example.ru", References=chain, In_Reply_To="<y@b.ru>")).reply_to == ours()
    assert fact(letter("a1@example.ru", In_Reply_To="<y@b.ru>")).reply_to == "y@b.ru"
    forged = ours("7").replace("m.7.", "m.8.")
    assert marks.key_of(WIRE.settings, forged) is None


def test_marks_survive_a_change_of_the_secret_and_odd_keys():
    for key in ("1001", "a:b/ц", "x" * 64):
        ident = marks.message_id(WIRE.settings, key, "salon.example")
        rotated = {"thread_secret": "new", "thread_secret_previous": WIRE.settings["thread_secret"]}
        assert marks.key_of(rotated, ident) == key
        assert marks.key_of({"thread_secret": "other"}, ident) is None
        assert marks.key_of({}, marks.message_id({}, key, "salon.example")) is None


SITE = """Имя: Анна
Телефон: 8 (905) 123-45-67
E-mail: anna@example.ru
Комментарий: Хочу на брови
и маникюр
utm_source: yandex"""


@pytest.mark.parametrize(
    "head",
    [
        {"From": "wordpress@site.example", "Reply_To": "anna@example.ru"},
        {"From": "noreply@tilda.ws"},
        {"From": "salon@salon.example", "To": "salon@salon.example"},
    ],
)
def test_a_letter_of_a_site_is_its_form(head):
    found = fact(letter("w1@site.example", SITE, Subject="Заявка с сайта", **head))
    assert isinstance(found, FormSubmitted)
    assert (found.name, found.phone, found.email) == ("Анна", "+79051234567", "anna@example.ru")
    assert (found.message, found.touch.source, found.form_name) == (
        "Хочу на брови\nи маникюр",
        "yandex",
        "Заявка с сайта",
    )


def test_a_form_as_a_table():
    rows = "<table><tr><td>Имя</td><td>Анна</td></tr><tr><td>Телефон</td><td>89051234567</td></tr>"
    rows += "<tr><td>Услуга</td><td>Брови</td></tr></table>"
    request = letter(
        "w2@site.example", rows, From="site@site.example", Content_Type="text/html; charset=utf-8"
    )
    found = fact(request)
    assert (found.name, found.phone, found.answers) == ("Анна", "+79051234567", (("Услуга", "Брови"),))


def test_a_persons_letter_with_labels_stays_a_letter():
    assert isinstance(fact(letter("a1@example.ru", SITE)), MessageReceived)


def test_a_sites_letter_without_a_form_is_answered_to_the_person_behind_it():
    head = {"From": "wordpress@site.example", "Reply_To": "Anna <anna@example.ru>"}
    found = fact(letter("w1@site.example", "Кто-то спрашивает про цены", **head))
    assert (found.chat, found.automatic) == ("anna@example.ru", "sent by a site")


# Reports -------------------------------------------------------------------------------------------------------------


def report(action="failed", status="5.1.1", ident=None, said="smtp; 550 5.1.1 User unknown"):
    status_part = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.ru\n\n"
        f"Final-Recipient: rfc822; anna@example.ru\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {said}\n"
    )
    theirs = f"Content-Type: text/rfc822-headers\n\nMessage-ID: <{ident or ours('1002')}>\n"
    body = "".join(f"--=_d\n{part}\n" for part in (PLAIN, status_part, theirs)) + "--=_d--\n"
    head = {
        "From": "MAILER-DAEMON@mx.example.ru (Mail Delivery System)",
        "Return_Path": "<>",
        "Content_Type": 'multipart/report; report-type=delivery-status; boundary="=_d"',
    }
    return letter("d1@mx.example.ru", body, **head)


def test_a_bounce_is_told_by_the_key_of_the_message():
    found = fact(report())
    assert isinstance(found, Receipt)
    assert (found.external_id, found.key, found.state, found.blocked) == (
        ours("1002"),
        "1002",
        "failed",
        True,
    )
    assert "User unknown" in found.reason


def test_reports_of_other_outcomes():
    assert fact(report(status="5.2.2")).blocked is False
    assert fact(report(status="4.4.7")).state == "failed"
    assert fact(report(action="delivered", status="2.0.0")).state == "delivered"
    assert isinstance(fact(report(action="delayed", status="4.4.1")), Ignored)


def test_a_report_about_what_is_not_ours_is_not_believed():
    assert isinstance(fact(report(ident="own@salon.example")), Ignored)
    assert isinstance(fact(report(ident=ours("5").replace("m.5.", "m.6."))), Ignored)


def test_a_bounce_in_a_servers_own_words():
    text = f"Не удалось доставить письмо: 550 5.1.1 нет такого адреса\n\nMessage-ID: <{ours('7')}>"
    found = fact(
        letter("d2@mx.example.ru", text, From="mailer-daemon@mx.example.ru", Subject="Недоставленное письмо")
    )
    assert (found.key, found.state, found.blocked) == ("7", "failed", True)
    later = fact(
        letter(
            "d3@mx.example.ru",
            f"<{ours('7')}> 4.4.1",
            From="mailer-daemon@mx.example.ru",
            Subject="Delivery Status",
        )
    )
    assert isinstance(later, Ignored)


def test_a_complaint_ends_advertising():
    feedback = (
        "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: anna@example.ru\n"
    )
    theirs = f"Content-Type: message/rfc822\n\nMessage-ID: <{ours()}>\nTo: anna@example.ru\n\nhi"
    body = "".join(f"--=_f\n{part}\n" for part in (PLAIN, feedback, theirs)) + "--=_f--\n"
    request = letter(
        "f1@mail.example", body, Content_Type='multipart/report; report-type=feedback-report; boundary="=_f"'
    )
    found = fact(request)
    assert isinstance(found, MarketingStopped)
    assert found.chat == EMAIL.thread_key(request) == "anna@example.ru"


# Mail services -------------------------------------------------------------------------------------------------------


def test_mailgun_in_fields():
    found = fact(
        mailgun(
            **{
                "from": "Анна <anna@example.ru>",
                "recipient": "salon+vk_autumn@salon.example",
                "subject": "Запись",
                "body-plain": "Можно?\n\nOn Mon, Nov 23, 2026 at 12:00 PM Marta <s@s.ru> wrote:\n> Когда?",
                "message-headers": '[["Message-Id", "<mg1@example.ru>"], ["List-Id", "<n.example.ru>"], [1], "x"]',
            }
        )
    )
    assert (found.external_id, found.text, found.person.name) == ("mg1@example.ru", "Можно?", "Анна")
    assert found.automatic
    assert found.touch.campaign == "autumn"


def form_of(fields, files=()):
    body = b""
    for name, value in fields.items():
        value = value if isinstance(value, bytes) else value.encode()
        body += (
            b'--xx\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        )
    for field, name, mime, content in files:
        head = f'--xx\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        body += f"{head}Content-Type: {mime}\r\n\r\n".encode() + content + b"\r\n"
    return HookRequest(
        headers={"content-type": "multipart/form-data; boundary=xx"}, body=body + b"--xx--\r\n"
    )


def test_raw_letters_inside_forms():
    inside = letter("a1@example.ru").body
    for field in ("body-mime", "email"):
        assert fact(form_of({field: inside})) == fact(letter("a1@example.ru"))


def test_sendgrid_in_fields():
    request = form_of(
        {
            "headers": "Message-ID: <sg1@example.ru>\nFrom: Anna <anna@example.ru>\nSubject: Hello",
            "from": "Anna <anna@example.ru>",
            "text": "Можно завтра?".encode("cp1251"),
            "charsets": '{"text": "windows-1251", "html": "utf-8"}',
            "envelope": '{"to": ["salon+tg_x@salon.example"], "from": "anna@example.ru"}',
        },
        files=[("attachment1", "фото.jpg", "image/jpeg", b"\xff\xd8\xff")],
    )
    found = fact(request)
    assert (found.external_id, found.text, found.touch.source) == ("sg1@example.ru", "Можно завтра?", "tg")
    assert EMAIL.extract(request, found.media[0]) == b"\xff\xd8\xff"


def test_postmark():
    file = {"Name": "a.pdf", "Content": "JVBERg==", "ContentType": "application/pdf", "ContentLength": 4}
    request = postmark(Attachments=[file, {"Name": "b", "Content": "!"}, 5])
    found = fact(request)
    assert (found.external_id, found.chat, found.person.name) == (
        "pm-1@example.ru",
        "boris@example.ru",
        "Борис",
    )
    assert EMAIL.extract(request, found.media[0]) == b"%PDF"
    assert fact(postmark(RawEmail=letter("a1@example.ru").body.decode())).external_id == "a1@example.ru"


def test_mailgun_signs_and_a_signature_is_good_for_a_quarter_of_an_hour():
    good = mailgun(**{"from": "a@b.ru", "body-plain": "a"})
    bare = HookRequest(headers={"content-type": "application/x-www-form-urlencoded"}, body=good.body)
    assert EMAIL.verify(WIRE.settings, bare)
    stamp = str(int(time.time()))
    old = HookRequest(
        headers=bare.headers, body=good.body.replace(stamp.encode(), str(int(stamp) - 1000).encode())
    )
    assert not EMAIL.verify(WIRE.settings, old)
    for change in (
        (b"signature=", b"signature=0"),
        (b"token=t", b"token=u"),
        (b"timestamp=", b"timestamp=x"),
    ):
        assert not EMAIL.verify(
            WIRE.settings, HookRequest(headers=bare.headers, body=good.body.replace(*change))
        )
    rotated = {
        "mailgun_signing_key": "new",
        "mailgun_signing_key_previous": WIRE.settings["mailgun_signing_key"],
    }
    assert EMAIL.verify(rotated, bare)
    # With Mailgun's key alone nothing unsigned is let in; without any key the address is the proof.
    only = {"mailgun_signing_key": "k"}
    assert not EMAIL.verify(only, letter("a1@example.ru"))
    assert EMAIL.verify({}, letter("a1@example.ru"))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"event": "delivered"}, "delivered"),
        (
            {"event": "failed", "severity": "permanent", "delivery-status": {"message": "5.1.1 unknown"}},
            "failed",
        ),
        ({"event": "failed", "severity": "temporary"}, None),
        ({"event": "complained", "recipient": "anna@example.ru"}, "stopped"),
        ({"event": "opened"}, None),
    ],
)
def test_events_of_mailgun(event, kind):
    import json

    data = {"id": "e-1", "timestamp": 1795400000.5, "message": {"headers": {"message-id": ours()}}, **event}
    body = json.dumps({"signature": {}, "event-data": data}).encode()
    request = HookRequest(headers={"content-type": "application/json"}, body=body)
    found = fact(request)
    assert EMAIL.event_id(request) == "mailgun:e-1"
    if kind is None:
        assert isinstance(found, Ignored)
    elif kind == "stopped":
        assert found.chat == EMAIL.thread_key(request) == "anna@example.ru"
    else:
        assert (found.state, found.key) == (kind, "1001")
    data["message"]["headers"]["message-id"] = "other@example.ru"
    other = HookRequest(headers=request.headers, body=json.dumps({"event-data": data}).encode())
    assert isinstance(fact(other), Ignored)


# Anything ------------------------------------------------------------------------------------------------------------

SEEDS = [
    request.body
    for request in (
        letter("a1@example.ru"),
        report(),
        multipart(PLAIN, HTML, attached('filename="a.jpg"', "image/jpeg", "/9j/")),
        letter("w1@site.example", SITE, From="wordpress@site.example"),
    )
]
SPLICES = st.sampled_from(
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"\r\n",
        b"\r\n\r\n",
        b"--=_b",
        b"=?utf-8?B?",
        b"?=",
        b"<",
        b">",
        b":",
        b";",
        b'"',
        b"(" * 500,
        b"Content-Type: multipart/mixed\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"charset=utf-16",
        b"\xed\xa0\x80",
    ]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_letters_with_any_part_exchanged_end_in_facts_or_in_a_parse_error(data):
    body = data.draw(st.sampled_from(SEEDS))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 60)))
        body = body[:start] + data.draw(SPLICES) + body[end:]
    for subpath in ("", "imap/sent"):
        request = of(body, subpath=subpath)
        event, thread = EMAIL.event_id(request), EMAIL.thread_key(request)
        assert event is None or 0 < len(event) <= 200
        try:
            found = EMAIL.parse(WIRE.settings, request)
        except errors.ParseError as failure:
            expected(failure)
            continue
        for fact in found:
            cases.assert_sound(fact)
            if getattr(fact, "chat", ""):
                assert fact.chat == thread
            for media in getattr(fact, "media", ()):
                assert EMAIL.extract(request, media)


@pytest.mark.parametrize("name", cases.hostile_bodies())
def test_hostile_bodies_as_raw_letters(name):
    body = cases.hostile_bodies()[name]
    for raw_body in (
        body,
        b"From: a@b.ru\r\n" + body,
        b"From: " + body + b"\r\n\r\nx",
        b"From: a@b.ru\r\n\r\n" + body,
    ):
        began = time.perf_counter()
        try:
            for fact in EMAIL.parse(WIRE.settings, of(raw_body)):
                cases.assert_sound(fact)
        except errors.ParseError as failure:
            expected(failure)
        assert time.perf_counter() - began < 2
