"""Colleagues join by a one-time link, without e-mail if need be, and leave at once."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.test import Client

from tenants.models import JoinLink, Membership, User
from tests.conftest import Person, Salon


def invite(olga: Person, role: str = "manager") -> str:
    """The path of a new link."""
    page = olga.post("/team/", {"name": "Вера", "role": role}).content.decode()
    found = re.search(r"/join/[A-Za-z0-9_-]+/", page)
    assert found
    return found[0]


def test_a_name_is_enough_to_join(olga: Person, salon: Salon) -> None:
    path, phone = invite(olga), Client()
    assert "Вера" in phone.get(path).content.decode()
    assert phone.post(path, {"name": "Вера"}).status_code == 302
    with salon.work():
        seat = Membership.objects.get(user__name="Вера")
        assert (seat.role, seat.user.email) == ("manager", None)
    assert phone.get("/setup/").status_code == 200


def test_the_link_works_once(olga: Person) -> None:
    path = invite(olga)
    Client().post(path, {"name": "Вера"})
    again = Client()
    assert again.get(path).status_code == 410
    assert again.post(path, {"name": "Чужой"}).status_code == 410
    assert not User.objects.filter(name="Чужой").exists()


def test_the_link_ends_after_three_days(olga: Person, salon: Salon) -> None:
    path = invite(olga)
    with salon.work():
        JoinLink.objects.update(expires_at=salon.now() - dt.timedelta(seconds=1))
    assert Client().get(path).status_code == 410


def test_with_an_email_there_is_a_password(olga: Person) -> None:
    path = invite(olga)
    answer = Client().post(path, {"name": "Вера", "email": "vera@example.com", "password": "short"})
    assert answer.status_code == 422
    good = {"name": "Вера", "email": "vera@example.com", "password": "long-enough-for-us-7"}
    assert Client().post(path, good).status_code == 302
    browser = Client()
    browser.post("/accounts/login/", {"login": "vera@example.com", "password": "long-enough-for-us-7"})
    assert browser.get("/setup/").status_code == 200


def test_a_person_who_is_known_joins_with_their_account(olga: Person, boris: Person, salon: Salon) -> None:
    assert boris.post(invite(olga, "master")).status_code == 302
    with salon.work():
        assert Membership.objects.get(user=boris.user).role == "master"


def test_a_removed_colleague_is_out_with_the_next_click(olga: Person, masha: Person, salon: Salon) -> None:
    assert masha.get("/setup/").status_code == 200
    with salon.work():
        seat = Membership.objects.get(user=masha.user)
    olga.post(f"/team/{seat.pk}/remove/")
    assert masha.get("/setup/").status_code == 302


def test_the_last_owner_stays(olga: Person, salon: Salon) -> None:
    with salon.work():
        seat = Membership.objects.get(user=olga.user)
    olga.post(f"/team/{seat.pk}/remove/")
    olga.post(f"/team/{seat.pk}/role/", {"role": "master"})
    with salon.work():
        assert Membership.objects.get(user=olga.user).role == "owner"


def test_a_manager_invites_nobody(masha: Person) -> None:
    assert masha.get("/team/").status_code == 403


def test_a_strangers_seat_is_not_found(boris: Person, salon: Salon, olga: Person) -> None:
    with salon.work():
        seat = Membership.objects.get(user=olga.user)
    assert boris.post(f"/team/{seat.pk}/remove/").status_code == 404


def test_an_unknown_link_is_not_found(db: Any) -> None:
    assert Client().get("/join/nosuchtokenatall/").status_code == 404
