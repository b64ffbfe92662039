"""A link for each place: made by Masha, followed by a client, counted with what it brought."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from connections.hooks import Door
from connections.models import Connection
from leads import links
from leads.models import Lead, LinkClick, TrackedLink
from tests.conftest import Person, Salon
from tests.connections import telegram
from work import sweep


def make(masha: Person, **filled: str) -> TrackedLink:
    answer = masha.post(
        "/links/", {"name": "Листовка у входа", "source": "Flyer", "campaign": "Осень", **filled}
    )
    assert answer.status_code == 302, answer.content.decode()
    with masha.salon.work():
        return TrackedLink.objects.latest("id")


@pytest.fixture
def bot(salon: Salon) -> Connection:
    """The salon's Telegram bot, whose name Telegram told."""
    path = telegram.connect(salon)
    with salon.work():
        bot = Connection.objects.get()
        bot.account = {"link_base": "https://t.me/salon_bot", "path": path}
        bot.save()
    return bot


def test_the_code_tells_source_and_campaign_even_to_a_stranger(masha: Person) -> None:
    assert make(masha).code == "flyer_osen"
    assert make(masha).code == "flyer_osen2"


def test_a_click_keeps_the_tags_of_the_ad_and_leads_into_the_bot(
    masha: Person, salon: Salon, bot: Connection
) -> None:
    link = make(masha, target=str(bot.pk))
    ad = "?yclid=123456789012345678&utm_content=b7"
    answer = Client().get(f"/l/omsk/{link.code}/{ad}", headers={"referer": "https://ya.ru/"})
    code = re.fullmatch(r"https://t\.me/salon_bot\?start=([A-Za-z0-9-]+)", answer["Location"])
    assert code
    with salon.work():
        click = LinkClick.objects.get()
        assert (click.token, click.click_ids, click.tags) == (
            code[1], {"yclid": "123456789012345678"}, {"utm_content": "b7"},
        )  # fmt: skip


def test_a_link_to_the_booking_page_carries_its_tags_there(masha: Person) -> None:
    link = make(masha)
    answer = Client().get(f"/l/omsk/{link.code}/?gclid=Cj0")
    assert answer["Location"].endswith(
        "/b/omsk/?utm_source=flyer&utm_campaign=%D0%9E%D1%81%D0%B5%D0%BD%D1%8C&gclid=Cj0"
    )


def test_who_came_by_a_click_is_a_lead_of_that_place_and_of_the_first_one_too(
    live_db: Any, masha: Person, salon: Salon, bot: Connection
) -> None:
    flyer = make(masha, target=str(bot.pk))
    vk = make(masha, name="Пост", source="vk", campaign="осень", target=str(bot.pk))
    anna = telegram.Writer(Door(), bot.account["path"])
    for link, tag in ((flyer, ""), (vk, "?fbclid=Iw7")):
        token = Client().get(f"/l/omsk/{link.code}/{tag}")["Location"].partition("start=")[2]
        start = {"offset": 0, "length": 6, "type": "bot_command"}
        anna.post({"message": anna.message(text=f"/start {token}", entities=[start])})
        sweep.run(sweep.queue("inbound"))
    with salon.work():
        lead = Lead.objects.get()
        assert (lead.source, lead.campaign) == ("vk", "осень")
        assert (lead.first_source, lead.first_campaign) == ("flyer", "Осень")
        touch = lead.touches.order_by("-id").first()
        assert (touch.link_id, touch.click_ids) == (vk.pk, {"fbclid": "Iw7"})
        counted = {c.link.pk: (c.clicks, c.leads, c.won) for c in links.counted(links.in_use())}
        assert counted == {flyer.pk: (1, 1, 0), vk.pk: (1, 1, 0)}
    page = masha.get(f"/links/{vk.pk}/").content.decode()
    assert "Анна" in page
    table = masha.get("/links.csv").content.decode()
    assert "Пост;vk;осень;http" in table
    assert ";1;1;0" in table


def test_the_code_to_print(masha: Person) -> None:
    link = make(masha)
    png = masha.get(f"/links/{link.pk}/qr.png")
    assert png.content.startswith(b"\x89PNG")
    assert masha.get(f"/links/{link.pk}/qr.svg")["Content-Type"] == "image/svg+xml"
    assert masha.get(f"/links/{link.pk}/qr.exe").status_code == 404


def test_a_number_stands_in_one_place_only(masha: Person, salon: Salon) -> None:
    make(masha, number="8 (3812) 55-66-77")
    with salon.work():
        assert TrackedLink.objects.get().number == "+73812556677"
    again = masha.post("/links/", {"name": "Газета", "source": "газета", "number": "+7 3812 556677"})
    assert again.status_code == 422
    wrong = masha.post("/links/", {"name": "Газета", "source": "газета", "number": "12"})
    assert wrong.status_code == 422


def test_archived_it_still_tells_people_apart_and_can_come_back(masha: Person, salon: Salon) -> None:
    link = make(masha)
    masha.post(f"/links/{link.pk}/archive/")
    assert link.code not in masha.get("/links/").content.decode()
    assert Client().get(f"/l/omsk/{link.code}/").status_code == 302
    masha.post(f"/links/{link.pk}/restore/")
    assert "Листовка у входа" in masha.get("/links/").content.decode()


def test_an_unknown_code_leads_to_the_booking_page_and_an_unknown_salon_nowhere(salon: Salon) -> None:
    assert Client().get("/l/omsk/nothing/")["Location"] == "/b/omsk/"
    assert Client().get("/l/nobody/x/").status_code == 404


def test_masters_make_no_links(pasha: Person) -> None:
    assert pasha.get("/links/").status_code == 403
