"""Letters out and in against servers that refuse and break off as real ones do."""

import asyncio
import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest

from fakes.mail import FakeMail
from fakes.mail_box import Box
from integrations import errors, registry
from integrations.protocols.channel import (
    Button,
    HookRequest,
    Ignored,
    MessageReceived,
    OperatorEcho,
    Outgoing,
    OutgoingMedia,
    Receipt,
    Template,
)
from kit import guard, http

EMAIL = registry.channel("email")
HOOK = "https://marzha.example/hooks/email/token/"


@pytest.fixture
def mail():
    with FakeMail() as server:
        yield server


@pytest.fixture
def ours(mail):
    return {
        "address": mail.address,
        "smtp_url": mail.smtp_url,
        "imap_url": mail.imap_url,
        "from_name": "Салон «Марта»",
        "thread_secret": "thread-secret",
    }


def in_loop(call):
    async def there():
        async with http.async_client() as client:
            return await http.arun(call, client=client)

    return asyncio.run(there())


@pytest.fixture(params=[http.run, in_loop])
def go(request):
    return request.param


def send(ours, text="Да, приходите", chat="anna@example.ru", key="1001", **more):
    return EMAIL.send(ours, Outgoing(chat=chat, text=text, key=key, **more))


def head(taken):
    return taken.letter.partition(b"\r\n\r\n")[0].decode("ascii")


# Out -----------------------------------------------------------------------------------------------------------------


def test_a_letter_goes_out_and_is_named(mail, ours, go):
    sent = go(send(ours, "Цена <b>3&5</b>\nhttps://salon.example/a?b=1&c=2.", subject="Запись на брови"))
    (taken,) = mail.sent
    letter = taken.message()
    assert sent.external_id == letter["Message-ID"].strip("<>")
    assert sent.external_id.startswith("m.1001.")
    assert sent.external_id.endswith("@salon.example")
    assert letter["From"].addresses[0].display_name == "Салон «Марта»"
    assert letter["From"].addresses[0].addr_spec == "salon@salon.example"
    assert (letter["To"], letter["Subject"]) == ("anna@example.ru", "Запись на брови")
    assert taken.text() == "Цена <b>3&5</b>\nhttps://salon.example/a?b=1&c=2.\n"
    markup = letter.get_body(("html",)).get_content()
    assert "Цена &lt;b&gt;3&amp;5&lt;/b&gt;" in markup
    assert '<a href="https://salon.example/a?b=1&amp;c=2">' in markup
    assert abs(letter["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert "List-Unsubscribe" not in letter
    assert [defect for part in letter.walk() for defect in part.defects] == []


def test_an_answer_stands_in_its_conversation(mail, ours):
    chain = tuple(f"a{number}.{'x' * 60}@example.ru" for number in range(60))
    http.run(
        send(
            ours,
            subject="RE[2]: Ответ: Запись",
            references=(*chain, "sha256:00"),
            reply_to="a59." + "x" * 60 + "@example.ru",
        )
    )
    (taken,) = mail.sent
    letter = taken.message()
    assert letter["Subject"] == "Re: Запись"
    assert letter["In-Reply-To"] == f"<{chain[-1]}>"
    references = letter["References"].split()
    assert (len(references), references[0], references[-1]) == (40, f"<{chain[0]}>", f"<{chain[-1]}>")
    assert "=?" not in head(taken).partition("References:")[2]
    assert all(len(line) <= 998 for line in head(taken).split("\r\n"))


def test_machines_say_that_they_are_machines(mail, ours):
    http.run(send(ours))
    http.run(send(ours, reply_to="a1@example.ru"))
    http.run(send(ours, by_person=True))
    told = [taken.message()["Auto-Submitted"] for taken in mail.sent]
    assert told == ["auto-generated", "auto-replied", None]
    assert mail.sent[0].message()["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_a_subject_and_a_name_cannot_smuggle_headers_in(mail, ours):
    ours["from_name"] = 'A"B\r\nBcc: evil@example.com'
    http.run(send(ours, subject="a\r\nBcc: evil@example.com\r\n\r\nbody" + " длинная тема" * 30))
    letter = mail.sent[0].message()
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("a Bcc: evil@example.com body длинная тема")
    assert letter["From"].addresses[0].addr_spec == "salon@salon.example"


def test_without_a_subject_the_sender_is_named(mail, ours):
    http.run(send(ours))
    assert "Салон «Марта»" in mail.sent[0].message()["Subject"]


def test_a_file_goes_with_its_words(mail, ours):
    media = OutgoingMedia(kind="document", name="Прайс лист.pdf", mime="application/pdf", content=b"%PDF-1.4")
    http.run(send(ours, "Вот цены", media=media))
    http.run(
        send(ours, "", media=OutgoingMedia(kind="document", name="", mime="text/html", content=b"<script>"))
    )
    first, second = (taken.message() for taken in mail.sent)
    (file,) = first.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Прайс лист.pdf", b"%PDF-1.4")
    (file,) = second.iter_attachments()
    assert file.get_content_type() == "application/octet-stream"


def test_an_address_of_a_russian_domain(mail, ours):
    http.run(send(ours, chat="anna@почта.рф"))
    assert mail.sent[0].recipient == "anna@xn--80a1acny.xn--p1ai"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": ""}, "empty_text"),
        ({"text": " \n"}, "empty_text"),
        ({"text": "я" * 100_001}, "too_long"),
        ({"buttons": ((Button("Да", "1"),),)}, "bad_buttons"),
        ({"template": Template(name="x")}, "no_templates"),
        ({"media": OutgoingMedia(kind="image", name="a", mime="image/png", content=b"")}, "too_big"),
        ({"chat": "no such chat"}, "bad_address"),
        ({"chat": "a@b\r\nRCPT TO:<c@d>"}, "bad_address"),
        ({"chat": "<a@b.ru>"}, "bad_address"),
        ({"chat": "аня@example.ru"}, "bad_address"),
    ],
)
def test_what_is_no_letter_is_not_even_sent(mail, ours, more, code):
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send(ours, **{"text": "a", **more}))
    assert refusal.value.code == code
    assert mail.smtp.connections == 0


NOTHING = {"blocked": False, "revoked": False, "content": False}
REFUSALS = [
    ("CONNECT", "554 5.7.1 Service unavailable", "server_refused", {}),
    ("AUTH", "535 5.7.8 Error: authentication failed", "auth", {"revoked": True}),
    ("AUTH", "534 5.7.9 Application-specific password required", "auth", {"revoked": True}),
    ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "auth", {"revoked": True}),
    (
        "MAIL",
        "553 5.7.1 Sender address rejected: not owned by auth user",
        "sender_not_owned",
        {"revoked": True},
    ),
    ("MAIL", "552 5.3.4 Message too big", "too_big", {"content": True}),
    ("RCPT", "550 5.1.1 User unknown", "no_such_address", {"blocked": True}),
    ("RCPT", "550 No such user here", "no_such_address", {"blocked": True}),
    ("RCPT", "550 5.2.1 The mailbox is disabled", "no_such_address", {"blocked": True}),
    ("RCPT", "552 5.2.2 Mailbox full", "mailbox_full", {}),
    ("RCPT", "550 5.7.1 Rejected by policy", "policy", {}),
    ("RCPT", "550 Whatever", "rejected", {}),
    ("DATA", "554 5.5.1 No valid recipients", "rejected", {}),
    ("LETTER", "554 5.7.1 Message rejected under suspicion of SPAM", "spam", {"content": True}),
    ("LETTER", "552 5.3.4 Message size exceeds fixed limit", "too_big", {"content": True}),
    ("LETTER", "550 5.1.1 User unknown", "no_such_address", {"blocked": True}),
    ("LETTER", "554 Transaction failed", "rejected", {}),
]


@pytest.mark.parametrize(("command", "reply", "code", "facts"), REFUSALS)
def test_refusals(mail, ours, command, reply, code, facts):
    mail.smtp.when(command, reply)
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send(ours))
    told = refusal.value
    assert (told.code, told.reason) == (code, reply)
    assert {"blocked": told.blocked, "revoked": told.revoked, "content": told.content} == {**NOTHING, **facts}
    assert mail.sent == []


@pytest.mark.parametrize(
    ("command", "reply", "after", "whole"),
    [
        ("CONNECT", "421 4.7.0 Too busy", 60, True),
        ("AUTH", "454 4.7.0 Temporary authentication failure", 300, True),
        ("MAIL", "451 4.7.1 Sending limit exceeded", 3600, True),
        ("RCPT", "450 4.2.0 Greylisted, come later", 60, False),
        ("RCPT", "550 5.4.5 Daily sending quota exceeded", 3600, True),
        ("LETTER", "451 4.3.0 Try again later", 60, False),
    ],
)
def test_later_is_told_from_never(mail, ours, command, reply, after, whole):
    mail.smtp.when(command, reply)
    with pytest.raises(errors.Retry) as later:
        http.run(send(ours))
    assert (later.value.after, later.value.whole_account) == (after, whole)


def test_a_lost_answer_is_uncertain_and_other_breaks_are_not(mail, ours, go):
    mail.smtp.when("LETTER", fault="drop", times=1)
    with pytest.raises(errors.Uncertain):
        go(send(ours))
    assert len(mail.sent) == 1
    mail.smtp.when("RCPT", fault="drop", times=1)
    with pytest.raises(errors.Unreachable):
        go(send(ours))
    mail.stop()
    with pytest.raises(errors.Unreachable):
        go(send(ours))
    assert len(mail.sent) == 1


@pytest.mark.parametrize("url", ["", "smtp.example.com", "ftp://a:b@c.ru", "smtps://a:b@"])
def test_an_address_of_no_server_is_told_to_the_owner(mail, ours, url):
    ours["smtp_url"] = url
    with pytest.raises(errors.Rejected) as refusal:
        http.run(send(ours))
    assert (refusal.value.code, refusal.value.revoked) == ("bad_url", True)


@pytest.fixture
def only_public():
    before = guard.private_hosts_allowed()
    http.configure(allow_private_hosts=False)
    yield
    http.configure(allow_private_hosts=before)


def test_a_server_inside_our_network_is_not_called(mail, ours, only_public):
    for url in (ours["smtp_url"], "smtps://a:b@smtp.example.com:25"):
        with pytest.raises(errors.Rejected) as refusal:
            http.run(send({**ours, "smtp_url": url}))
        assert refusal.value.code == "bad_url"
    with pytest.raises(errors.Unreachable):
        http.run(send({**ours, "smtp_url": "smtps://a:b@127.0.0.1:465"}))
    assert mail.smtp.connections == 0


def test_a_copy_is_put_among_sent_letters_and_its_failure_costs_nothing(mail, ours, go):
    mail.files_sent = False
    ours["copy_to_sent"] = "1"
    go(send(ours))
    (kept,) = mail.box.folder(Box.SENT).letters
    assert kept.raw == mail.sent[0].letter
    assert kept.seen
    mail.imap.fail("APPEND", "[OVERQUOTA] full")
    go(send(ours))
    mail.imap.stop()
    go(send(ours))
    assert len(mail.sent) == 3


# Evidence ------------------------------------------------------------------------------------------------------------

EARLIER = timedelta(minutes=10)


def settle(ours, key="1001", ago=EARLIER):
    return EMAIL.settle(ours, Outgoing(chat="anna@example.ru", text="a", key=key), datetime.now(UTC) - ago)


def test_the_folder_of_sent_letters_proves_what_went_out(mail, ours, go):
    mail.smtp.when("LETTER", fault="drop", times=1)
    with pytest.raises(errors.Uncertain):
        go(send(ours))
    found = go(settle(ours))
    assert found.external_id == mail.sent[0].message()["Message-ID"].strip("<>")
    # Another one is missing in a folder that shows others of ours.
    assert go(settle(ours, key="1002")) is None


def test_it_proves_nothing_where_the_server_files_nothing(mail, ours):
    mail.files_sent = False
    http.run(send(ours))
    with pytest.raises(errors.Uncertain):
        http.run(settle(ours))
    mail.box.folder(Box.SENT).add(mail.sent[0].letter)  # put there by ourselves
    with pytest.raises(errors.Uncertain):
        http.run(settle({**ours, "copy_to_sent": "1"}, key="1002"))
    mail.box.folder(Box.SENT).special = ""
    with pytest.raises(errors.Uncertain):
        http.run(settle(ours))


def test_it_is_not_asked_too_early_nor_without_a_box(mail, ours):
    with pytest.raises(errors.Retry):
        http.run(settle(ours, ago=timedelta(seconds=5)))
    assert settle({**ours, "imap_url": ""}) is None
    assert settle(ours, key="") is None


# The account ---------------------------------------------------------------------------------------------------------


def test_connecting_logs_in_to_both_servers(mail, ours, go):
    connected = go(EMAIL.connect(ours, HOOK))
    assert (connected.external_id, connected.name) == ("salon@salon.example", "Салон «Марта»")
    assert go(EMAIL.health(ours, HOOK)).ok
    assert "AUTH" in mail.smtp.commands
    assert "SELECT" in mail.imap.commands
    go(EMAIL.connect({**ours, "imap_url": ""}, HOOK))


@pytest.mark.parametrize("which", ["smtp_url", "imap_url"])
def test_connecting_with_a_wrong_password(mail, ours, which):
    wrong = {**ours, which: ours[which].replace("app-password", "wrong-password")}
    with pytest.raises(errors.Rejected) as refusal:
        http.run(EMAIL.connect(wrong, HOOK))
    assert (refusal.value.code, refusal.value.revoked) == ("auth", True)
    assert "wrong-password" not in str(refusal.value)


def test_a_busy_box_is_asked_later_and_a_missing_folder_is_told(mail, ours):
    mail.imap.fail("LOGIN", "[UNAVAILABLE] Temporary failure")
    with pytest.raises(errors.Retry):
        http.run(EMAIL.health(ours, HOOK))
    mail.imap.fail("LOGIN", "")
    with pytest.raises(errors.Rejected) as refusal:
        http.run(EMAIL.health({**ours, "imap_url": ours["imap_url"].replace("INBOX", "Клиенты")}, HOOK))
    assert refusal.value.code == "no_folder"


# In ------------------------------------------------------------------------------------------------------------------


def facts_of(ours, polled):
    return [fact for request in polled.requests for fact in EMAIL.parse(ours, request)]


def test_new_letters_come_once_and_old_ones_never(mail, ours, go):
    anna = mail.person("anna@example.ru", "Анна")
    anna.writes("Давно")
    first = go(EMAIL.poll(ours, ""))
    assert (first.requests, first.cursor) == ((), "1000:1 2000:0")
    anna.writes("Можно завтра?", subject="Запись")
    polled = go(EMAIL.poll(ours, first.cursor))
    (fact,) = facts_of(ours, polled)
    assert isinstance(fact, MessageReceived)
    assert (fact.chat, fact.text, fact.subject) == ("anna@example.ru", "Можно завтра?", "Запись")
    assert polled.cursor == "1000:2 2000:0"
    assert go(EMAIL.poll(ours, polled.cursor)).requests == ()
    assert not any(letter.seen for letter in mail.box.folder("INBOX").letters)


def test_what_is_polled_cannot_be_posted(mail, ours):
    mail.person("anna@example.ru").writes("a")
    (request,) = http.run(EMAIL.poll(ours, "1000:0")).requests
    assert EMAIL.verify(ours, request) is False
    assert EMAIL.event_id(request)
    assert EMAIL.thread_key(request) == "anna@example.ru"


def test_an_answer_and_a_bounce_find_the_message_they_are_about(mail, ours):
    sent = http.run(send(ours, "Когда удобно?", subject="Запись"))
    anna = mail.person("anna@example.ru", "Анна")
    anna.answers(mail.sent[0], "В субботу")
    anna.bounces(mail.sent[0])
    answer, bounce = facts_of(ours, http.run(EMAIL.poll(ours, "1000:0")))
    assert (answer.text, answer.reply_to, answer.automatic) == ("В субботу", sent.external_id, "")
    assert isinstance(bounce, Receipt)
    assert (bounce.external_id, bounce.key, bounce.state) == (sent.external_id, "1001", "failed")
    assert bounce.blocked


def test_the_owner_answering_in_a_mail_program_is_an_echo(mail, ours, go):
    go(send(ours))  # filed by the server: known as ours
    mail.box.folder(Box.SENT).add(
        "From: salon@salon.example\r\nTo: Анна <anna@example.ru>\r\nMessage-ID: <own-1@salon.example>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nЖдём вас".encode()
    )
    polled = go(EMAIL.poll(ours, "1000:0 2000:0"))
    ours_back, echo = facts_of(ours, polled)
    assert isinstance(ours_back, Ignored)
    assert isinstance(echo, OperatorEcho)
    assert (echo.chat, echo.text, echo.person.external_id) == (
        "anna@example.ru",
        "Ждём вас",
        "anna@example.ru",
    )
    assert [EMAIL.thread_key(request) for request in polled.requests] == ["anna@example.ru"] * 2
    assert polled.cursor == "1000:0 2000:2"


def test_a_rebuilt_box_is_read_again_for_some_days(mail, ours):
    inbox = mail.box.folder("INBOX")
    anna = mail.person("anna@example.ru")
    inbox.add(b"From: a@b.ru\r\nMessage-ID: <old@b.ru>\r\n\r\nold", at=datetime.now(UTC) - timedelta(days=9))
    for number in range(3):
        anna.writes(f"{number}")
    before = http.run(EMAIL.poll(ours, "1000:0"))
    inbox.lose_numbers()
    anna.writes("3")
    after = http.run(EMAIL.poll(ours, before.cursor))
    assert [fact.text for fact in facts_of(ours, after)] == ["0", "1", "2", "3"]
    ids = [{EMAIL.event_id(request) for request in polled.requests} for polled in (before, after)]
    assert len(ids[0] & ids[1]) == 3  # told twice, stored once
    assert after.cursor == "1001:5 2000:0"


def test_many_letters_come_in_portions(mail, ours):
    anna = mail.person("anna@example.ru")
    for number in range(70):
        anna.writes(f"{number}")
    first = http.run(EMAIL.poll(ours, "1000:0"))
    second = http.run(EMAIL.poll(ours, first.cursor))
    assert (len(first.requests), len(second.requests)) == (50, 20)
    assert [fact.text for fact in facts_of(ours, first) + facts_of(ours, second)] == [
        str(n) for n in range(70)
    ]


def test_a_huge_letter_comes_with_its_words(mail, ours, monkeypatch):
    from integrations.mail import box

    monkeypatch.setattr(box, "LARGEST", 50_000)
    monkeypatch.setattr(box, "BEGINNING", 4_000)
    anna = mail.person("anna@example.ru")
    anna.sends_file("photo.jpg", b"\xff\xd8\xff" * 40_000, text="Вот фото")
    (request,) = http.run(EMAIL.poll(ours, "1000:0")).requests
    assert len(request.body) < 6_000
    (fact,) = EMAIL.parse(ours, request)
    assert fact.text == "Вот фото"
    assert "too large" in fact.note


def test_a_file_is_taken_out_of_the_stored_letter(mail, ours):
    anna = mail.person("anna@example.ru")
    anna.sends_file("фото.jpg", b"\xff\xd8\xff photo", text="Хочу так")
    (request,) = http.run(EMAIL.poll(ours, "1000:0")).requests
    (fact,) = EMAIL.parse(ours, request)
    (media,) = fact.media
    assert (media.kind, media.name, media.size) == ("image", "фото.jpg", 9)
    assert EMAIL.locate(ours, media) is None
    stored = HookRequest(subpath=request.subpath, headers=dict(request.headers), body=request.body)
    assert EMAIL.extract(stored, media) == b"\xff\xd8\xff photo"
    for ref in ("part:5", "part:x", "part:" + "9" * 50, "other", ""):
        assert EMAIL.extract(stored, type(media)(kind="image", ref=ref)) is None
    assert EMAIL.extract(HookRequest(body=b""), media) is None


def test_a_box_that_breaks_off_is_asked_again(mail, ours, go):
    mail.person("anna@example.ru").writes("a")
    mail.imap.drop("UID FETCH")
    with pytest.raises(errors.Unreachable):
        go(EMAIL.poll(ours, "1000:0"))
    assert len(go(EMAIL.poll(ours, "1000:0")).requests) == 1


def test_without_imap_nothing_is_polled(ours):
    assert EMAIL.poll({**ours, "imap_url": ""}, "") is None


def test_what_we_send_is_read_by_a_strict_reader(mail, ours):
    """No defect in any header or part, by the standard library's strictest policy."""
    strict = email.policy.SMTP.clone(raise_on_defect=True)
    for number, text in enumerate(("a", "Привет 😀", ".\n..\n.", "long " * 5000, "\x00\ud800 odd")):
        http.run(send(ours, text, key=f"k{number}", subject=f"{text[:200]}", reply_to="a@b.ru"))
    for taken in mail.sent:
        letter = email.message_from_bytes(taken.letter, policy=strict)
        for name in letter:
            assert str(letter[name])
        assert letter.get_body(("plain",)).get_content()
