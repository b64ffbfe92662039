"""Two cards that may be one person: the question in the card and in the list, the answer, and the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conversations import merging
from conversations.models import Contact, Conversation, Merge, MergeSuggestion
from inbox.models import Step
from tests.conftest import Person, Salon
from tests.conversations import facts
from tests.inbox import stage

HTMX = {"HX-Request": "true"}
PHONE = "+79131234567"


@pytest.fixture
def pair(salon: Salon) -> tuple[Conversation, Conversation]:
    """Anna in Telegram, who proved her phone, and somebody in the site chat who typed the same one."""
    proved = stage.write(salon, name="Анна Петрова", phone=PHONE)
    typed = facts.write(salon, "webchat", "v1", name="Аня", phone=PHONE)
    return proved, typed


def card(person: Person, thread: Conversation) -> str:
    answer = person.get(f"/inbox/{thread.pk}/card/?part=card")
    assert answer.status_code == 200
    return str(answer.content.decode())


def question(salon: Salon) -> MergeSuggestion:
    with salon.work():
        return MergeSuggestion.objects.get()


def toast(answer: Any) -> dict[str, str]:
    told: dict[str, str] = json.loads(answer["HX-Trigger"])["toast"]
    return told


def steps(salon: Salon) -> list[str]:
    with salon.work():
        return list(Step.objects.order_by("id").values_list("kind", flat=True))


def test_both_cards_ask(salon: Salon, masha: Person, pair: tuple[Conversation, Conversation]) -> None:
    proved, typed = pair
    assert f"/inbox/{typed.pk}/" in card(masha, proved)
    html = card(masha, typed)
    assert f'id="same-{question(salon).pk}"' in html
    assert "Анна Петрова" in html
    assert f"/inbox/{proved.pk}/" in html


def test_one_person_and_two_again(
    salon: Salon, masha: Person, pair: tuple[Conversation, Conversation]
) -> None:
    proved, typed = pair
    merged = masha.post(f"/inbox/one-person/{question(salon).pk}/merge/", headers=HTMX)
    assert merged.status_code == 204
    told = json.loads(merged["HX-Trigger"])
    assert {"toast", "inbox", "card", "live:reread"} <= set(told)
    with salon.work():
        done = Merge.objects.get()
        assert (done.by, done.reason, done.survivor_id) == (masha.user, "phone_typed", proved.contact_id)
    # Both threads show one person, and their stories say who decided.
    for thread in pair:
        html = card(masha, thread)
        assert "mzi-same" not in html
        assert "Аня" in html
        assert f"/inbox/one-person/merges/{done.pk}/undo/" in html
        assert "Анна Петрова" in masha.get(f"/inbox/{thread.pk}/").content.decode()
    assert steps(salon) == ["merged", "merged"]

    assert masha.post(toast(merged)["undo"], headers=HTMX).status_code == 204
    with salon.work():
        assert Conversation.objects.get(pk=typed.pk).contact_id == typed.contact_id
    assert "mzi-same" not in card(masha, typed)  # it was decided: they are two
    assert steps(salon)[2:] == ["parted", "parted"]
    assert masha.post(toast(merged)["undo"], headers=HTMX).status_code == 204
    assert len(facts.people(salon)) == 2


def test_a_merge_by_itself_says_so_in_the_thread(salon: Salon, olga: Person) -> None:
    stage.write(salon, name="Анна", phone=PHONE)
    facts.write(salon, "sms", PHONE, phone=PHONE, phone_verified=True)
    assert steps(salon) == []  # the number's own chat simply joined the card that proved it
    thread = stage.write(salon, chat="900200", name="Аня")
    stage.write(salon, chat="900200", name="Аня", phone=PHONE)
    assert "met" in steps(salon)
    html = olga.get(f"/inbox/{thread.pk}/").content.decode()
    assert "mz-msg--event" in html
    with salon.work():
        assert Merge.objects.get().by is None


def test_two_people_are_let_be(salon: Salon, olga: Person, pair: tuple[Conversation, Conversation]) -> None:
    row = question(salon)
    said = olga.post(f"/inbox/one-person/{row.pk}/two/", headers=HTMX)
    assert said.status_code == 204
    assert question(salon).state == "dismissed"
    assert question(salon).decided_by == olga.user
    assert "mzi-same" not in card(olga, pair[0])
    assert olga.post(f"/inbox/one-person/{row.pk}/two/", headers=HTMX).status_code == 404
    olga.post(toast(said)["undo"], headers=HTMX)
    assert "mzi-same" in card(olga, pair[0])


def test_the_list_of_all_and_the_way_to_it(
    salon: Salon, olga: Person, pair: tuple[Conversation, Conversation]
) -> None:
    assert "/inbox/one-person/" in olga.get("/inbox/today/").content.decode()
    assert "/inbox/one-person/" in olga.get("/inbox/").content.decode()
    html = olga.get("/inbox/one-person/").content.decode()
    assert "Анна Петрова" in html
    assert "Аня" in html
    assert html.count("mzi-same") == 1
    # Without JavaScript a form leads back to the list.
    answer = olga.post(f"/inbox/one-person/{question(salon).pk}/merge/")
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/one-person/")
    assert "mzi-same" not in olga.get("/inbox/one-person/").content.decode()
    assert "/inbox/one-person/" not in olga.get("/inbox/today/").content.decode()


def test_a_number_that_a_colleague_types_is_asked_about(salon: Salon, olga: Person) -> None:
    proved = stage.write(salon, name="Анна", phone=PHONE)
    other = stage.write(salon, chat="900200", name="Аня")
    olga.post(f"/inbox/{other.pk}/contact/", {"name": "Аня", "phone": PHONE}, headers=HTMX)
    assert question(salon).reason == "phone_typed"
    assert "mzi-same" in card(olga, proved)


def test_merged_meanwhile(salon: Salon, olga: Person, pair: tuple[Conversation, Conversation]) -> None:
    row = question(salon)
    with salon.work():
        one, two = (Contact.objects.get(pk=thread.contact_id) for thread in pair)
        merging.merge(one, two, reason="hand", now=salon.now())
    assert olga.post(f"/inbox/one-person/{row.pk}/merge/", headers=HTMX).status_code == 404


def test_the_card_of_many_questions_costs_no_more_statements(
    salon: Salon, olga: Person, pair: tuple[Conversation, Conversation]
) -> None:
    thread = pair[0]
    few = len(stage.statements(lambda: card(olga, thread)))
    for number in range(4):
        facts.write(salon, "webchat", f"w{number}", phone=PHONE)
    assert len(stage.statements(lambda: card(olga, thread))) == few


def test_strangers_masters_and_get(
    salon: Salon,
    olga: Person,
    boris: Person,
    pasha: Person,
    client: Any,
    pair: tuple[Conversation, Conversation],
) -> None:
    row = question(salon)
    with salon.work():
        one, two = (Contact.objects.get(pk=thread.contact_id) for thread in pair)
        done = merging.merge(one, two, reason="hand", now=salon.now())
    for url in (
        f"/inbox/one-person/{row.pk}/merge/",
        f"/inbox/one-person/{row.pk}/two/",
        f"/inbox/one-person/{row.pk}/again/",
        f"/inbox/one-person/merges/{done.pk}/undo/",
    ):
        assert boris.post(url, headers=HTMX).status_code == 404
        assert pasha.post(url, headers=HTMX).status_code == 403
        assert client.post(url).status_code == 302
        assert olga.get(url).status_code == 405
    assert pasha.get("/inbox/one-person/").status_code == 403
    with salon.work():
        assert Merge.objects.get().undone_at is None
