"""The page of a colleagues' group: three steps, how it fares, taking it off and back."""

from __future__ import annotations

import re

import pytest

from inbox.group.models import GroupCode, Mirror, StaffGroup
from tests.conftest import Person
from tests.inbox import stage
from tests.inbox.group_stage import Stage, work
from tests.inbox.test_group_faults import bot
from work.rows import State

pytestmark = pytest.mark.usefixtures("live_db")


def test_three_steps_to_a_group(desk: Stage, olga: Person, masha: Person, boris: Person) -> None:
    page = f"/inbox/group/{bot(desk)}/"
    html = olga.get(page).content.decode()
    assert html.count("mz-step__mark") == 3
    assert f"{page}code/" in html
    assert f"{page}code/" not in masha.get(page).content.decode()
    assert masha.post(f"{page}code/").status_code == 403
    assert boris.get(page).status_code == 404
    assert boris.post(f"{page}code/").status_code == 404
    html = olga.post(f"{page}code/").content.decode()
    line = re.search(r"/connect ([A-Za-z0-9_-]+)", html)
    assert line is not None
    link = f"https://t.me/omsk_bot?startgroup={line[1]}&amp;admin=manage_topics+pin_messages"
    assert link in html
    desk.colleague().say(f"/start@omsk_bot {line[1]}")
    work()
    html = olga.get(page).content.decode()
    assert "Shift" in html
    assert "mz-step__mark" not in html


def test_a_new_code_voids_the_former_one(desk: Stage, olga: Person) -> None:
    page = f"/inbox/group/{bot(desk)}/code/"
    first = re.search(r"/connect (\S+?)\"", olga.post(page).content.decode())
    olga.post(page)
    assert first is not None
    desk.colleague().say(f"/connect {first[1]}")
    work()
    with desk.salon.work():
        assert GroupCode.objects.count() == 1
        assert not StaffGroup.objects.exists()


def test_detached_and_connected_again(desk: Stage, olga: Person, masha: Person, boris: Person) -> None:
    lena = desk.connect()
    topic = desk.client()
    desk.writer.say("Ещё")
    with desk.salon.work():
        pk = StaffGroup.objects.get().pk
    for person, status in ((masha, 403), (boris, 404)):
        assert person.post(f"/inbox/groups/{pk}/detach/").status_code == status
    answer = olga.post(f"/inbox/groups/{pk}/detach/", headers={"HX-Request": "true"})
    assert f"/inbox/groups/{pk}/restore/" in answer["HX-Trigger"]
    work()
    desk.a_minute_later()
    assert desk.group.words(topic)[-1] == "Анна\nЗдравствуйте"
    lena.within(topic).say("Кто-нибудь?")
    work()
    assert desk.server.sent_to(900100) == []
    with desk.salon.work():
        assert not Mirror.objects.filter(state=State.PENDING).exists()
    olga.post(f"/inbox/groups/{pk}/restore/")
    lena.say("Теперь?")
    desk.a_minute_later()
    assert [sent["text"] for sent in desk.server.sent_to(900100)] == ["Теперь?"]


def test_looking_again(desk: Stage, olga: Person) -> None:
    desk.connect(admin=False)
    with desk.salon.work():
        pk = StaffGroup.objects.get().pk
    html = olga.get(f"/inbox/group/{bot(desk)}/").content.decode()
    assert f"/inbox/groups/{pk}/look/" in html
    desk.group.admin = True
    olga.post(f"/inbox/groups/{pk}/look/")
    work()
    assert desk.state()[0] == "ok"


def test_the_channel_leads_there(desk: Stage, olga: Person) -> None:
    assert f"/inbox/group/{bot(desk)}/" in olga.get(f"/channels/{bot(desk)}/").content.decode()


def test_an_account_that_has_no_groups_has_no_such_page(desk: Stage, olga: Person) -> None:
    with desk.salon.work():
        from connections import accounts

        form = accounts.create("form", settings={})
    assert olga.get(f"/inbox/group/{form.pk}/").status_code == 404


def test_somebody_named_in_a_note_shows_in_the_thread(desk: Stage, olga: Person) -> None:
    lena = desk.connect()
    lena.within(desk.client()).say("Приходите")
    work()
    html = olga.get(f"/inbox/{desk.thread().pk}/").content.decode()
    assert "Лена" in html
    assert stage.fresh(desk.salon, desk.thread()).holder == "person"
