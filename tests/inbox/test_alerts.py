"""Alerts: a letter and a message in one's own Telegram, each once; a colleague's chat is no client's."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest
from django.core import mail

from connections.hooks import Door
from conversations.models import Conversation, Message
from inbox import alerts, attach
from inbox.models import Alert, AlertAddress, StaffLink
from leads.models import Lead, Task
from tenants.models import Membership
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.inbox import stage
from work import sweep


def alarm(salon: Salon, thread: Conversation, key: str = "no_answer:1") -> int:
    with salon.work():
        return alerts.raise_about(
            thread,
            key=key,
            subject="Анна ждёт",
            text="Хочу\nна стрижку",
            now=salon.now(),
            people=alerts.who_answers(first=None),
        )


def carry() -> None:
    sweep.run(sweep.queue(alerts.QUEUE))


def states(salon: Salon) -> list[str]:
    with salon.work():
        return list(Alert.objects.order_by("id").values_list("state", flat=True))


def test_a_letter_with_a_link_once(anna: Conversation, salon: Salon, masha: Person) -> None:
    assert alarm(salon, anna) == 2
    assert alarm(salon, anna) == 0
    assert mail.outbox == []  # never in a request
    carry()
    carry()
    assert sorted(letter.to[0] for letter in mail.outbox) == ["masha@example.com", "olga@example.com"]
    letter = mail.outbox[0]
    assert letter.subject == "Анна ждёт"
    assert f"/inbox/{anna.pk}/" in letter.body
    assert letter.extra_headers["Message-ID"] != mail.outbox[1].extra_headers["Message-ID"]
    assert states(salon) == ["done", "done"]


def test_answered_meanwhile_nobody_is_bothered(anna: Conversation, salon: Salon, olga: Person) -> None:
    alarm(salon, anna)
    olga.post(f"/inbox/{anna.pk}/reply/", {"text": "Да", "client_key": "k"}, headers={"HX-Request": "true"})
    carry()
    assert mail.outbox == []
    assert states(salon) == ["skipped"]


def test_letters_switched_off(anna: Conversation, salon: Salon, olga: Person) -> None:
    olga.post("/inbox/alerts/mail/", {"on": "0"})
    assert alarm(salon, anna) == 0
    olga.post("/inbox/alerts/mail/", {"on": "1"})
    assert alarm(salon, anna) == 1


def test_who_was_removed_hears_nothing(anna: Conversation, salon: Salon, masha: Person) -> None:
    alarm(salon, anna)
    with salon.work():
        Membership.objects.filter(user=masha.user).delete()
    carry()
    assert [letter.to[0] for letter in mail.outbox] == ["olga@example.com"]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    ends = "silent"  # silent: gone before the answer to DATA; refused: 550 to the recipient; busy: 451
    letters = 0


class _Talk(socketserver.StreamRequestHandler):
    """As much SMTP as Django's backend speaks."""

    def handle(self) -> None:
        server: _Server = self.server  # type: ignore[assignment]
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go\r\n")
                while self.rfile.readline().strip() != b".":
                    pass
                server.letters += 1
                if server.ends == "silent":
                    return
                self.wfile.write(b"250 ok\r\n")
            elif verb == b"RCPT" and server.ends == "refused":
                self.wfile.write(b"550 no such mailbox\r\n")
            elif verb == b"MAIL" and server.ends == "busy":
                self.wfile.write(b"451 later\r\n")
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def post_office(settings) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Talk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
        settings.EMAIL_TIMEOUT = 5
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("ends", "state", "letters"),
    [("silent", "in_doubt", 1), ("refused", "dead", 0), ("busy", "pending", 0), ("ok", "done", 1)],
)
def test_what_the_mail_server_said_decides(
    post_office: _Server, anna: Conversation, salon: Salon, ends: str, state: str, letters: int
) -> None:
    post_office.ends = ends
    alarm(salon, anna)
    carry()
    assert states(salon) == [state]
    carry()
    assert post_office.letters == letters  # what is uncertain is never sent again by itself


def test_no_mail_server_is_tried_again(anna: Conversation, salon: Salon, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    alarm(salon, anna)
    carry()
    assert states(salon) == ["pending"]


# ---------------------------------------------------------------- one's own Telegram
@pytest.fixture
def writer(live_db: object, salon: Salon) -> telegram.Writer:
    path = telegram.connect(salon)
    with salon.work():
        from connections.models import Connection

        bot = Connection.objects.get()
        bot.account = {"link_base": "https://t.me/omsk_bot", "username": "omsk_bot"}
        bot.save(update_fields=["account"])
    return telegram.Writer(Door(), path)


def start(writer: telegram.Writer, code: str) -> None:
    mark = {"offset": 0, "length": 6, "type": "bot_command"}
    writer.post({"message": writer.message(text=f"/start {code}", entities=[mark])})
    sweep.run(sweep.queue("inbound"))


def invited(salon: Salon, person: Person) -> str:
    with salon.work():
        invitation = attach.invite(person.user, attach.bots()[0], now=salon.now())
        assert invitation
        return invitation.url.partition("start=")[2]


def test_a_colleague_ties_their_telegram_and_is_no_client(
    writer: telegram.Writer, salon: Salon, masha: Person
) -> None:
    code = invited(salon, masha)
    assert len(code) <= 64
    start(writer, code)
    with salon.work():
        thread = Conversation.objects.get()
        assert AlertAddress.objects.get().user_id == masha.user.pk
        assert (thread.not_a_client, thread.holder) == (True, "none")
        assert (thread.state, thread.waiting_since, thread.unread) == ("closed", None, 0)
        assert not Lead.objects.exists()
        assert not Task.objects.exists()
        said = Message.objects.filter(direction="out")
        assert [m.author for m in said] == ["system"]  # and not a word of the assistant


def test_the_link_works_once_in_its_hour_for_a_member(
    writer: telegram.Writer, salon: Salon, masha: Person
) -> None:
    import datetime as dt

    code = invited(salon, masha)
    with salon.work():
        StaffLink.objects.update(expires_at=salon.now() - dt.timedelta(seconds=1))
    start(writer, code)
    with salon.work():
        assert not AlertAddress.objects.exists()
        assert Lead.objects.count() == 1  # somebody unknown pressed Start
    writer.chat = 900200
    code = invited(salon, masha)
    start(writer, code)
    writer.chat = 900300
    start(writer, code)
    with salon.work():
        assert AlertAddress.objects.get().conversation.chat == "900200"


def test_what_is_written_to_the_bot_waits_for_nobody(
    writer: telegram.Writer, salon: Salon, masha: Person
) -> None:
    start(writer, invited(salon, masha))
    writer.say("ок, бегу")
    sweep.run(sweep.queue("inbound"))
    with salon.work():
        assert Conversation.objects.get().waiting_since is None
        assert not Lead.objects.exists()


def test_an_alert_goes_to_the_tied_chat_once(writer: telegram.Writer, salon: Salon, masha: Person) -> None:
    start(writer, invited(salon, masha))
    client = stage.write(salon, chat="55", name="Глеб")
    assert alarm(salon, client) == 3  # two letters, one message
    carry()
    carry()
    with salon.work():
        alert = Message.objects.get(
            conversation=AlertAddress.objects.get().conversation, text__contains="Анна ждёт"
        )
        assert f"/inbox/{client.pk}/" in alert.text
        AlertAddress.objects.get().delete()
    assert alarm(salon, client, key="another") == 2


# ---------------------------------------------------------------- the page
def test_the_page_shows_what_is_on(anna: Conversation, olga: Person, masha: Person) -> None:
    html = olga.get("/inbox/alerts/").content.decode()
    assert "olga@example.com" in html
    assert 'name="minutes"' in html
    assert 'name="minutes"' not in masha.get("/inbox/alerts/").content.decode()


def test_a_code_for_the_phone(anna: Conversation, salon: Salon, olga: Person, boris: Person) -> None:
    bot = stage.bot_of(salon)
    answer = olga.post(f"/inbox/alerts/telegram/{bot.pk}/")
    assert "https://t.me/omsk_bot?start=staff_" in answer.content.decode()
    assert "data:image/svg+xml" in answer.content.decode()
    assert boris.post(f"/inbox/alerts/telegram/{bot.pk}/").status_code == 404


def test_only_the_owner_sets_the_patience(salon: Salon, olga: Person, masha: Person) -> None:
    assert masha.post("/inbox/alerts/patience/", {"minutes": "5"}).status_code == 403
    assert olga.post("/inbox/alerts/patience/", {"minutes": "-1"}).status_code == 422
    assert olga.post("/inbox/alerts/patience/", {"minutes": "5"}).status_code == 302
    with salon.work():
        from tenants import wall

        assert wall.entered_tenant().settings["escalate_after_minutes"] == 5
