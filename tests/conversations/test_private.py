"""The owner's own account: chats with friends are nobody's business, new ones are clients', and one tap decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from assistant.models import Answer
from connections.hooks import Door
from connections.models import Connection
from conversations import known_lists, private
from conversations.models import Conversation, KnownPerson, Message
from inbox.models import Escalation
from integrations.protocols import channel
from leads.models import Lead
from tests.conftest import Person, Salon
from tests.connections import telegram
from tests.conversations import facts

EXPORT = {
    "contacts": {"list": [{"first_name": "Мама", "phone_number": "00 7 913 765 43 21", "date": "…"}]},
    "frequent_contacts": {
        "list": [{"id": 777001, "category": "people", "type": "user", "name": "Брат", "rating": 5}]
    },
    "chats": {
        "list": [
            {"name": "Подруга", "type": "personal_chat", "id": 777002, "messages": []},
            {"name": "Бот", "type": "bot_chat", "id": 777003, "messages": []},
            {"name": "Клуб", "type": "private_supergroup", "id": 777004, "messages": []},
        ]
    },
}


@pytest.fixture
def anna(live_db: Any, salon: Salon) -> facts.Business:
    return facts.Business(Door(), telegram.connect(salon))


def thread(salon: Salon) -> Conversation:
    with salon.work():
        return Conversation.objects.select_related("contact", "connection").get()


def silent(salon: Salon) -> bool:
    """No request, no assistant, no alarm, nobody waits."""
    with salon.work():
        row = Conversation.objects.get()
        return not (
            Lead.objects.exists()
            or Answer.objects.exists()
            or Escalation.objects.exists()
            or row.waiting_since
            or row.holder != "none"
        )


def test_a_chat_that_the_owner_begins_is_private(anna: facts.Business, salon: Salon) -> None:
    anna.olga_says("Привет, как дела?")
    anna.says("Хорошо! А ты?")
    facts.pump()
    assert thread(salon).is_private
    assert silent(salon)
    assert [m.direction for m in facts.messages(salon)] == ["out", "in"]


def test_a_new_person_who_writes_first_is_a_client(anna: facts.Business, salon: Salon) -> None:
    anna.says("Здравствуйте, хочу на стрижку")
    facts.pump()
    row = thread(salon)
    assert (row.is_private, row.holder) == (False, "assistant")
    with salon.work():
        assert Lead.objects.get().contact_id == row.contact_id
        assert Answer.objects.exists()
    # Olga's own word takes it from the assistant, and nothing more.
    anna.olga_says("Да, конечно")
    facts.pump()
    assert (thread(salon).is_private, thread(salon).holder) == (False, "person")


def test_a_bot_has_no_private_chats(anna: facts.Business, salon: Salon) -> None:
    telegram.Writer(anna.door, anna.path, chat=777002).say("Привет")
    with salon.work():
        private.keep(Connection.objects.get(), ["id:777002"], now=salon.now())
    facts.pump()
    assert not thread(salon).is_private


def test_whom_the_wire_knows_from_before_is_private(salon: Salon) -> None:
    facts.write(salon, "telegram", "900100", chat="Bz7Yx0:900100", message={"is_older": True})
    assert thread(salon).is_private
    assert silent(salon)


def test_whom_the_owner_knows_is_private(anna: facts.Business, salon: Salon) -> None:
    with salon.work():
        account = Connection.objects.get()
        signs = known_lists.signs("result.json", facts.dumped(EXPORT))
        assert signs == {"phone:+79137654321", "id:777001", "id:777002"}
        assert private.keep(account, signs, now=salon.now()) == 3
        assert private.keep(account, signs, now=salon.now()) == 0
    anna.chat = 777002
    anna.says("Привет, подруга!")
    facts.pump()
    assert thread(salon).is_private
    assert silent(salon)


def test_of_the_list_only_hashes_are_kept_and_each_salon_has_its_own_key(
    salon: Salon, other_salon: Salon
) -> None:
    digests = []
    for each in (salon, other_salon):
        account = facts.account(each, "telegram")
        with each.work():
            private.keep(account, ["phone:+79137654321"], now=each.now())
            row = KnownPerson.objects.get()
            digests.append(bytes(row.digest))
            each.tenant.refresh_from_db()
            assert "9137654321" not in json.dumps(each.tenant.settings)
    assert digests[0] != digests[1]
    assert all(len(digest) == 32 and b"9137654321" not in digest for digest in digests)


@pytest.mark.parametrize(
    ("name", "content", "signs"),
    [
        (
            "contacts.csv",
            "Name,Phone 1 - Value,Note\nМама,+7 913 765-43-21 ::: 8 913 111-22-33,@anna_nails\n",
            {"phone:+79137654321", "phone:+79131112233", "name:anna_nails"},
        ),
        ("people.csv", "имя;ник;телефон\nАнна;@Anna_Nails;89137654321\n", {"name:anna_nails", "phone:+79137654321"}),
        (
            "phone.vcf",
            "BEGIN:VCARD\nFN:Мама\nitem1.TEL;type=CELL:+7 (913) 765-43-21\nTEL:tel:+79131112233\nEND:VCARD\n",
            {"phone:+79137654321", "phone:+79131112233"},
        ),
        ("chat.json", json.dumps({"type": "personal_chat", "id": 5, "messages": []}), {"id:5"}),
    ],
)  # fmt: skip
def test_lists_in_every_form(name: str, content: str, signs: set[str]) -> None:
    found = known_lists.signs(name, content.encode())
    assert found == signs
    assert known_lists.signs(name, b"\xef\xbb\xbf" + content.encode()) == signs


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", b"{"),
        ("result.json", b"[]"),
        ("result.json", b'{"chats": {"list": [{"type": "personal_chat", "id": true}, 5]}, "contacts": 7}'),
        ("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("empty.csv", b""),
        ("x.vcf", b"BEGIN:VCARD\nTEL:112\nEND:VCARD"),
        ("x.csv", b'"' + b"a" * 200_000),
    ],
)
def test_a_file_that_names_nobody_is_told(name: str, content: bytes) -> None:
    with pytest.raises(known_lists.Unreadable):
        known_lists.signs(name, content)


# ---------------------------------------------------------------- the page of the list
def test_the_owner_hands_the_list_in_and_forgets_it(salon: Salon, olga: Person) -> None:
    url = f"/channels/{facts.account(salon, 'telegram').pk}/known-people/"
    assert olga.get(url).status_code == 200
    file = SimpleUploadedFile("result.json", facts.dumped(EXPORT))
    assert olga.post(url, {"file": file}).status_code == 302
    assert "3" in olga.get(url).content.decode()
    refused = olga.post(url, {"file": SimpleUploadedFile("x.json", b"{")})
    assert refused.status_code == 422
    assert olga.post(url).status_code == 422
    assert olga.post(f"{url}forget/").status_code == 302
    with salon.work():
        assert not KnownPerson.objects.exists()


def test_a_site_chat_has_no_such_list_and_others_no_such_page(
    salon: Salon, olga: Person, masha: Person, boris: Person, client: Any
) -> None:
    assert olga.get(f"/channels/{facts.account(salon, 'webchat').pk}/known-people/").status_code == 404
    url = f"/channels/{facts.account(salon, 'telegram').pk}/known-people/"
    assert masha.get(url).status_code == 403
    assert boris.get(url).status_code == 404
    assert client.get(url).status_code == 302


# ---------------------------------------------------------------- in the inbox
HTMX = {"HX-Request": "true"}


@pytest.fixture
def friend(salon: Salon) -> Conversation:
    """A private chat in which a friend wrote last."""
    person = channel.Person(external_id="900100", name="Подруга")
    echo = channel.OperatorEcho(external_id="b:1", chat="Bz7Yx0:900100", text="Привет!", person=person)
    facts.hear(salon, "telegram", echo)
    return facts.write(salon, "telegram", "900100", "Секрет подруги", chat="Bz7Yx0:900100")


def test_private_chats_stand_apart_and_only_owners_see_them(
    salon: Salon, olga: Person, masha: Person, friend: Conversation
) -> None:
    shown = {
        view: olga.get(f"/inbox/?view={view}").content.decode() for view in ("all", "waiting", "private")
    }
    assert "Подруга" in shown["private"]
    assert "Подруга" not in shown["all"]
    assert "Подруга" not in shown["waiting"]
    assert "Подруга" not in olga.get("/inbox/today/").content.decode()
    assert "Секрет подруги" in olga.get(f"/inbox/{friend.pk}/").content.decode()
    assert "Подруга" in olga.get("/inbox/?q=подруг").content.decode()
    for path in ("?view=private", "?q=подруг", "?q=секрет"):
        assert "Подруга" not in masha.get(f"/inbox/{path}").content.decode()
    for path in ("", "lines/", "card/", "card/?part=card", "contact/"):
        assert masha.get(f"/inbox/{friend.pk}/{path}").status_code == 404
    said = masha.post(f"/inbox/{friend.pk}/note/", {"text": "?"}, headers=HTMX)
    assert said.status_code == 404


def test_the_api_shows_private_chats_to_owners_tokens_only(
    salon: Salon, api: Any, friend: Conversation
) -> None:
    from tenants.models import Role
    from tests.conftest import Api, token_of

    manager = Api(token_of(salon, Role.MANAGER))
    for path in ("conversations/", "messages/"):
        assert api.get(path).json()["results"]
        assert manager.get(path).json()["results"] == []
    assert manager.get(f"conversations/{friend.pk}/").status_code == 404
    assert manager.post("messages/", {"conversation": friend.pk, "text": "x"}).status_code == 404


def test_one_tap_makes_a_client_and_another_takes_it_back(
    salon: Salon, olga: Person, friend: Conversation
) -> None:
    opened = olga.post(f"/inbox/{friend.pk}/open-up/", headers=HTMX)
    assert opened.status_code == 200
    row = thread(salon)
    # Olga has spoken here herself: the assistant does not talk over her.
    assert (row.is_private, row.holder, row.waiting_since is not None) == (False, "person", True)
    with salon.work():
        assert Lead.objects.get().request == "Секрет подруги"
        assert Escalation.objects.filter(state="waiting").exists()
    assert olga.post(json.loads(opened["HX-Trigger"])["toast"]["undo"], headers=HTMX).status_code == 200
    row = thread(salon)
    assert (row.is_private, row.holder, row.waiting_since) == (True, "none", None)
    with salon.work():
        lead = Lead.objects.get()
        assert (lead.status, lead.is_spam) == ("lost", True)
        assert not Escalation.objects.filter(state="waiting").exists()
    facts.write(salon, "telegram", "900100", "Ещё секрет", chat="Bz7Yx0:900100")
    with salon.work():
        assert Lead.objects.count() == 1


def test_a_known_person_who_wrote_first_is_given_to_the_assistant(salon: Salon, olga: Person) -> None:
    made = facts.write(salon, "telegram", "900100", chat="Bz7Yx0:900100", message={"is_older": True})
    olga.post(f"/inbox/{made.pk}/open-up/", headers=HTMX)
    assert (thread(salon).is_private, thread(salon).holder) == (False, "assistant")
    facts.write(salon, "telegram", "900100", "Хочу на стрижку", chat="Bz7Yx0:900100")
    with salon.work():
        assert Answer.objects.exists()


def test_only_owners_decide_and_only_about_personal_chats(
    salon: Salon, olga: Person, masha: Person, boris: Person, friend: Conversation
) -> None:
    for verb in ("open-up", "close-off"):
        url = f"/inbox/{friend.pk}/{verb}/"
        assert masha.post(url, headers=HTMX).status_code == 403
        assert boris.post(url, headers=HTMX).status_code == 404
        assert olga.get(url).status_code == 405
    bot = facts.write(salon, "telegram", "900200")
    assert olga.post(f"/inbox/{bot.pk}/close-off/", headers=HTMX).status_code == 409


# ---------------------------------------------------------------- not a client
def test_not_a_client_is_for_ever_and_can_be_undone(salon: Salon, olga: Person) -> None:
    made = facts.write(salon, "telegram", "900100", "Предлагаю рекламу")
    silenced = olga.post(f"/inbox/{made.pk}/silence/", headers=HTMX)
    with salon.work():
        lead = Lead.objects.get()
        assert (lead.status, lead.is_spam) == ("lost", True)
        answers = Answer.objects.count()
    for _ in range(2):
        facts.write(salon, "telegram", "900100", "Ну так что?")
    row = thread(salon)
    assert (row.not_a_client, row.holder, row.state, row.waiting_since) == (True, "none", "closed", None)
    with salon.work():
        assert (Lead.objects.count(), Answer.objects.count()) == (1, answers)
        assert Message.objects.filter(direction="in").count() == 3
    olga.post(json.loads(silenced["HX-Trigger"])["toast"]["undo"], headers=HTMX)
    with salon.work():
        lead.refresh_from_db()
        assert (lead.status, lead.is_spam, lead.lost_reason, lead.closed_at) == ("new", False, "", None)
    facts.write(salon, "telegram", "900100", "Я всё же клиент")
    assert thread(salon).waiting_since is not None
