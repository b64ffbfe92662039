"""One person in several channels: merged by proof, asked about by likeness, never by name; and all of it undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import models

from connections.hooks import Door
from conversations import contacts, merging
from conversations.models import Call, Contact, Conversation, Identity, Merge, MergeSuggestion, Message
from integrations.protocols import channel
from leads.models import Lead
from tenants import wall
from tests.conftest import Salon
from tests.connections import telegram
from tests.conversations import facts
from tests.conversations.facts import write
from tests.house.planting import Garden

PHONE, OTHER = "+79131234567", "+79137654321"


def proved(phone: str) -> dict[str, Any]:
    return {"phone": phone, "phone_verified": True}


def share(own: bool, phone: str = PHONE) -> dict[str, Any]:
    return {"kind": "contact", "contact": channel.ContactCard(phone=phone, own=own)}


def suggestions(salon: Salon) -> list[MergeSuggestion]:
    with salon.work():
        return list(merging.open_suggestions())


# ---------------------------------------------------------------- through the doors
def test_a_caller_who_shares_their_number_in_telegram_is_one_person(live_db: Any, salon: Salon) -> None:
    door = Door()
    anna = telegram.Writer(door, telegram.connect(salon))
    exchange = facts.Exchange(door, salon)
    exchange.missed("c1", "89131234567")
    facts.pump()
    anna.say("Хочу на стрижку")
    facts.pump()
    assert len(facts.people(salon)) == 2
    card = {"phone_number": "79131234567", "first_name": "Анна", "user_id": anna.chat}
    anna.post({"message": anna.message(contact=card)})
    facts.pump()

    (person,) = facts.people(salon)
    assert (person.name, person.phone, person.phone_verified) == ("Анна", PHONE, True)
    with salon.work():
        assert {thread.connection.kind for thread in person.conversations.select_related("connection")} == {
            "telegram",
            "telephony",
        }
        assert set(Identity.objects.values_list("contact", flat=True)) == {person.pk}
        assert set(Message.objects.values_list("contact", flat=True)) == {person.pk}
        assert Call.objects.get().contact_id == person.pk
        older, newer = Lead.objects.order_by("created_at", "id")
        assert (older.channel_kind, older.contact_id) == ("telephony", person.pk)
        assert older.status in ("new", "contacted")
        assert (newer.status, newer.duplicate_of_id) == ("lost", older.pk)
        done = Merge.objects.get()
        assert (done.reason, done.by, done.undone_at) == ("phone", None, None)


# ---------------------------------------------------------------- every table
def test_every_key_to_a_contact_in_the_house_moves_and_comes_back(db: None, salon: Salon) -> None:
    garden = Garden(salon)
    garden.plant_all()
    with salon.work():
        now = salon.now()
        survivor = Contact.objects.create(name="Анна", created_at=now - dt.timedelta(days=1))
        absorbed = Contact.objects.create(name="Аня", created_at=now)
        keys = merging.references()
        assert {model._meta.app_label for model, _field in keys} >= {"conversations", "leads", "bookings"}
        for model, field in keys:
            model.objects.update(**{field.attname: absorbed.pk})
        done = merging.merge(survivor, absorbed, reason="hand", now=now)
        assert pointing(keys, survivor) == len(keys)
        assert pointing(keys, absorbed) == 0
        merging.undo(done, now=now)
        assert pointing(keys, absorbed) == len(keys)
        assert pointing(keys, survivor) == 0


def pointing(keys: list[tuple[Any, Any]], contact: Contact) -> int:
    return sum(model.objects.filter(**{field.attname: contact.pk}).exists() for model, field in keys)


def test_only_requests_may_clash_when_people_are_merged() -> None:
    # Whoever adds a constraint that one person may break by being two must hear `contacts_merging`.
    found = set()
    for model, field in merging.references():
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint) and field.name in constraint.fields:
                found.add(constraint.name)
    assert found == {"leads_lead_one_open"}
    assert all(issubclass(model, wall.TenantModel) for model, _field in merging.references())


# ---------------------------------------------------------------- by proof
def test_two_who_proved_one_phone_are_one_person_and_the_older_card_stays(salon: Salon) -> None:
    first = write(salon, "sms", PHONE, **proved(PHONE))
    second = write(salon, "telegram", "900100", name="Анна")
    write(salon, "telegram", "900100", message=share(own=True))
    (person,) = facts.people(salon)
    assert person.pk == first.contact_id
    assert person.name == "Анна"
    with salon.work():
        assert Conversation.objects.get(pk=second.pk).contact_id == person.pk
        last = Message.objects.filter(conversation=second).order_by("-id").first()
        assert last is not None
        assert last.contact_id == person.pk


def test_a_proved_mail_merges_as_a_phone_does(salon: Salon) -> None:
    write(salon, "sms", PHONE, email="anna@example.com", email_verified=True)
    write(salon, "telegram", "900100", email="Anna@Example.com ", email_verified=True)
    write(salon, "webchat", "v1", email="anna@example.com")
    one, typed = facts.people(salon)
    assert one.email_verified
    assert not typed.email_verified
    (question,) = suggestions(salon)
    assert question.reason == "email_typed"


def test_a_number_typed_in_a_form_gets_its_first_chat_when_its_owner_writes(salon: Salon) -> None:
    with salon.work():
        form = contacts.by_phone(PHONE, name="Анна из формы", now=salon.now())
    thread = write(salon, "sms", PHONE, **proved(PHONE))
    assert thread.contact_id == form.pk
    assert facts.people(salon)[0].phone_verified


def test_a_typed_number_hands_nobody_over_to_its_owner(salon: Salon) -> None:
    # Somebody types a stranger's number in the site chat: the stranger's own chat must not join theirs.
    stranger = write(salon, "webchat", "v1", phone=PHONE)
    owner = write(salon, "sms", PHONE, **proved(PHONE))
    assert stranger.contact_id != owner.contact_id
    (question,) = suggestions(salon)
    assert (question.reason, question.state) == ("phone_typed", "open")


def test_a_proved_number_stays_until_its_person_shows_another(salon: Salon) -> None:
    write(salon, "sms", PHONE, **proved(PHONE))
    write(salon, "sms", PHONE, phone=OTHER)
    assert facts.people(salon)[0].phone == PHONE
    write(salon, "sms", PHONE, message=share(own=True, phone=OTHER), **proved(PHONE))
    assert facts.people(salon)[0].phone == OTHER
    write(salon, "sms", PHONE, **proved(PHONE))
    assert facts.people(salon)[0].phone == OTHER


# ---------------------------------------------------------------- by likeness
def test_a_name_alone_is_nothing(salon: Salon) -> None:
    write(salon, "telegram", "1", name="Анна Петрова", username="anna")
    write(salon, "webchat", "v1", name="Анна Петрова", username="anna")
    assert len(facts.people(salon)) == 2
    assert suggestions(salon) == []


@pytest.mark.parametrize(
    ("message", "person", "reason"),
    [
        ({}, {"phone": PHONE}, "phone_typed"),
        (share(own=False), {}, "card"),
    ],
)
def test_what_was_typed_or_shared_is_asked_about(
    salon: Salon, message: dict[str, Any], person: dict[str, Any], reason: str
) -> None:
    write(salon, "sms", PHONE, **proved(PHONE))
    write(salon, "telegram", "900100", message=message, **person)
    write(salon, "telegram", "900100", message=message, **person)
    assert len(facts.people(salon)) == 2
    (question,) = suggestions(salon)
    assert question.reason == reason


def test_two_people_are_not_asked_about_again(salon: Salon) -> None:
    write(salon, "sms", PHONE, **proved(PHONE))
    write(salon, "telegram", "900100", phone=PHONE)
    with salon.work():
        merging.dismiss(merging.open_suggestions()[0], by=None, now=salon.now())
    write(salon, "telegram", "900100", message=share(own=True))
    assert len(facts.people(salon)) == 2
    assert suggestions(salon) == []


def test_any_of_several_ids_finds_the_person(salon: Salon) -> None:
    first = write(salon, "telegram", "bsuid-1", aliases=("79131234567",))
    by_alias = write(salon, "telegram", "79131234567", chat="other")
    assert by_alias.contact_id == first.contact_id
    with salon.work():
        assert Identity.objects.count() == 2


def test_ids_of_two_people_in_one_message_are_asked_about(salon: Salon) -> None:
    one = write(salon, "telegram", "id-1")
    two = write(salon, "telegram", "id-2")
    write(salon, "telegram", "id-1", aliases=("id-2", "id-3"))
    assert len(facts.people(salon)) == 2
    (question,) = suggestions(salon)
    assert {question.contact_id, question.other_id} == {one.contact_id, two.contact_id}
    assert question.reason == "alias"
    with salon.work():
        assert Identity.objects.get(external_id="id-3").contact_id == one.contact_id


def test_a_person_with_a_new_id_keeps_the_old_one(salon: Salon) -> None:
    old = write(salon, "telegram", "79131234567", **proved(PHONE))
    person = channel.Person(external_id="79137654321", phone=OTHER, phone_verified=True)
    facts.hear(salon, "telegram", channel.IdentityChanged(old_external_id="79131234567", person=person))
    new = write(salon, "telegram", "79137654321")
    assert new.contact_id == old.contact_id
    (contact,) = facts.people(salon)
    assert contact.phone == OTHER
    with salon.work():
        assert set(Identity.objects.values_list("external_id", flat=True)) == {"79131234567", "79137654321"}


def test_who_wants_no_advertising_is_remembered(salon: Salon) -> None:
    write(salon, "sms", PHONE, **proved(PHONE))
    person = channel.Person(external_id=PHONE)
    facts.hear(salon, "sms", channel.MarketingStopped(chat=PHONE, person=person))
    assert facts.people(salon)[0].marketing_stopped_at is not None
    facts.hear(salon, "sms", channel.MarketingStopped(chat=PHONE, person=person, stopped=False))
    assert facts.people(salon)[0].marketing_stopped_at is None


# ---------------------------------------------------------------- fields, and taking it back
def test_empty_fields_are_filled_and_emptied_again_save_those_changed_since(salon: Salon) -> None:
    with salon.work():
        now = salon.now()
        one = Contact.objects.create(name="Анна", note="Любит тишину", tags=["постоянная"])
        two = Contact.objects.create(
            name="Аня", phone=PHONE, phone_verified=True, note="Аллергия", tags=["постоянная", "краска"],
            language="ru", client_since=dt.date(2020, 5, 1), external_id="base-7",
        )  # fmt: skip
        done = merging.merge(one, two, reason="hand", now=now)
        one.refresh_from_db()
        assert (one.name, one.phone, one.phone_verified) == ("Анна", PHONE, True)
        assert (one.note, one.tags) == ("Любит тишину\nАллергия", ["постоянная", "краска"])
        assert (one.client_since, one.external_id) == (dt.date(2020, 5, 1), "")
        one.tags = [*one.tags, "новая"]
        one.save()
        merging.undo(done, now=now)
        one.refresh_from_db()
        two.refresh_from_db()
        assert (one.phone, one.phone_verified, one.note, one.client_since) == (
            "",
            False,
            "Любит тишину",
            None,
        )
        assert one.tags == ["постоянная", "краска", "новая"]
        assert two.merged_into_id is None
        with pytest.raises(merging.AlreadyApart):
            merging.undo(done, now=now)


def test_what_came_since_in_a_moved_thread_goes_back_with_it(salon: Salon) -> None:
    mine = write(salon, "sms", PHONE, **proved(PHONE))
    theirs = write(salon, "telegram", "900100")
    write(salon, "telegram", "900100", message=share(own=True))
    with salon.work():
        done = Merge.objects.get()
        mover = Contact.objects.get(pk=done.absorbed_id)
    write(salon, "telegram", "900100", "Ещё слово")
    write(salon, "sms", PHONE, "И здесь", **proved(PHONE))
    with salon.work():
        merging.undo(done, now=salon.now())
        assert set(theirs.messages.values_list("contact", flat=True)) == {mover.pk}
        assert set(mine.messages.values_list("contact", flat=True)) == {mine.contact_id}
        assert Identity.objects.get(channel_kind="telegram").contact_id == mover.pk
        statuses = dict(Lead.objects.values_list("contact", "status"))
        assert set(statuses) == {mine.contact_id, mover.pk}
        assert set(statuses.values()) <= {"new", "contacted"}
    # The phone still says so, but a colleague knows better.
    write(salon, "telegram", "900100", message=share(own=True))
    assert len(facts.people(salon)) == 2


def test_a_chain_of_merges_is_climbed_and_taken_apart(salon: Salon) -> None:
    threads = [write(salon, "telegram", str(n)) for n in range(3)]
    with salon.work():
        now = salon.now()
        a, b, c = (Contact.objects.get(pk=thread.contact_id) for thread in threads)
        first = merging.merge(b, a, reason="hand", now=now)
        merging.merge(c, b, reason="hand", now=now)
        assert set(Conversation.objects.values_list("contact", flat=True)) == {c.pk}
        with pytest.raises(merging.SamePerson):
            merging.merge(a, c, reason="hand", now=now)
        merging.undo(first, now=now)
        assert Conversation.objects.get(pk=threads[0].pk).contact_id == a.pk
        assert Conversation.objects.get(pk=threads[1].pk).contact_id == c.pk
    assert {one.pk for one in facts.people(salon)} == {a.pk, c.pk}
    again = write(salon, "telegram", "1", chat="another-chat")
    assert again.contact_id == c.pk


def test_questions_about_the_absorbed_are_asked_of_the_survivor(salon: Salon) -> None:
    one = write(salon, "telegram", "1", phone=PHONE)
    two = write(salon, "telegram", "2", phone=PHONE)
    three = write(salon, "webchat", "v1")
    with salon.work():
        now = salon.now()
        done = merging.merge(three.contact, two.contact, reason="hand", now=now)
        (question,) = merging.open_suggestions()
        assert {question.contact_id, question.other_id} == {one.contact_id, three.contact_id}
        merging.undo(done, now=now)
        (question,) = merging.open_suggestions()
        assert {question.contact_id, question.other_id} == {one.contact_id, two.contact_id}


# ---------------------------------------------------------------- the API
def test_the_api_reads_a_merged_card_as_the_one_that_stays(salon: Salon, api: Any) -> None:
    one = write(salon, "telegram", "1", name="Анна").contact_id
    two = write(salon, "webchat", "v1", name="Аня").contact_id
    merged = api.post(f"contacts/{two}/merge/", {"contact": one})
    assert (merged.status_code, merged.json()["id"]) == (200, one)
    assert [row["id"] for row in api.get("contacts/").json()["results"]] == [one]
    read = api.get(f"contacts/{two}/")
    assert (read.status_code, read.json()["id"]) == (200, one)
    assert {row["channel_kind"] for row in read.json()["identities"]} == {"telegram", "webchat"}
    assert api.patch(f"contacts/{two}/", {"name": "Анна П."}).json()["id"] == one
    assert facts.people(salon)[0].name == "Анна П."
    again = api.post(f"contacts/{one}/merge/", {"contact": two})
    assert (again.status_code, list(again.json()["fields"])) == (400, ["contact"])


def test_what_a_script_types_over_is_no_proof(salon: Salon, api: Any) -> None:
    write(salon, "sms", OTHER, **proved(OTHER))
    mine = write(salon, "telegram", "1", **proved(PHONE), email="anna@example.com").contact_id
    assert api.patch(f"contacts/{mine}/", {"phone": OTHER, "name": "Анна"}).json()["phone"] == OTHER
    with salon.work():
        contact = Contact.objects.get(pk=mine)
        assert (contact.name, contact.phone_verified, contact.email) == ("Анна", False, "anna@example.com")
    assert [one.reason for one in suggestions(salon)] == ["phone_typed"]
    assert api.patch(f"contacts/{mine}/", {"phone": ""}).json()["phone"] == ""


def test_the_api_merges_nobody_of_another_salon(salon: Salon, other_salon: Salon, api: Any) -> None:
    mine = write(salon, "telegram", "1").contact_id
    with other_salon.work():
        theirs = Contact.objects.create(name="Чужая").pk
    assert api.post(f"contacts/{mine}/merge/", {"contact": theirs}).status_code == 404
    assert api.post(f"contacts/{theirs}/merge/", {"contact": mine}).status_code == 404
