"""A business begins: sign-up by e-mail with a code, an industry template, the six steps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from bookings.models import Service, Staff
from connections.models import Connection
from onboarding import presets
from reminders.models import ReminderText
from tenants import lookup, wall
from tenants.models import Tenant, User
from tests.conftest import Person


@pytest.fixture
def newcomer(db: Any) -> Person:
    return Person(User.objects.create_user("new@example.com", "long-enough-for-us-7", name="Нина"), None)


def test_sign_up_asks_for_the_code_from_the_letter(db: Any, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    browser = Client()
    told = {"email": "nina@example.com", "password1": "long-enough-for-us-7"}
    browser.post("/accounts/signup/", told)
    (code,) = set(re.findall(r"^\s*([A-Z0-9-]{6,9})\s*$", mail.outbox[0].body, re.MULTILINE))
    browser.post("/accounts/confirm-email/", {"code": code})
    assert browser.get("/start/").status_code == 200


@pytest.mark.parametrize("industry", sorted(presets.all_presets()))
def test_a_business_starts_with_its_trade(industry: str, newcomer: Person) -> None:
    told = {"name": "Моё дело", "industry": industry, "timezone": "Asia/Omsk", "slug": "moe-delo"}
    assert newcomer.post("/start/", told).status_code == 302
    tenant_id = lookup.tenant_by_slug("moe-delo")
    assert tenant_id is not None
    with wall.tenant_tx(tenant_id):
        assert Service.objects.count() >= 12
        assert not Service.objects.filter(addon_links=None, name="").exists()
        assert Service.objects.filter(addon_links__addon__script="").count() == 0
        assert Staff.objects.count() == 1
        assert set(ReminderText.objects.values_list("offset_minutes", flat=True)) == {2880, 1440, 120}
        assert Connection.objects.filter(kind="webchat").count() == 1
        assert (Tenant.objects.get().timezone, Tenant.objects.get().currency) == ("Asia/Omsk", "RUB")
    page = newcomer.get("/setup/").content.decode()
    assert page.count("mz-step__mark") == 6


def test_a_taken_address_says_so_and_keeps_what_was_typed(newcomer: Person, salon: Any) -> None:
    told = {"name": "Второй", "industry": "salon", "timezone": "Asia/Omsk", "slug": salon.tenant.slug}
    answer = newcomer.post("/start/", told)
    assert answer.status_code == 422
    assert "Второй" in answer.content.decode()


def test_without_an_address_one_is_made_from_the_name(newcomer: Person) -> None:
    newcomer.post("/start/", {"name": "Бритва & Ко", "industry": "empty", "timezone": "Europe/Moscow"})
    (seat,) = lookup.seats_of(newcomer.user.pk)
    assert re.fullmatch(r"britva-ko-[a-z0-9]+", seat.slug)


def test_a_person_of_two_businesses_switches_and_sees_one_at_a_time(olga: Person, other_salon: Any) -> None:
    from tenants.models import Membership, Role

    with other_salon.work():
        Membership.objects.create(user=olga.user, role=Role.MANAGER)
    assert olga.post("/tenant/switch/", {"tenant": other_salon.id}).status_code == 302
    assert "Салон Бориса" in olga.get("/setup/").content.decode()
    assert olga.get("/team/").status_code == 403, "a manager there, though an owner here"


def test_nobody_switches_to_a_strangers_business(olga: Person, other_salon: Any) -> None:
    assert olga.post("/tenant/switch/", {"tenant": other_salon.id}).status_code == 404


def test_a_step_no_row_proves_is_declared_and_taken_back(olga: Person) -> None:
    olga.post("/setup/crm/done/")
    assert "mz-step--done" in olga.get("/setup/").content.decode()
    olga.post("/setup/crm/done/")
    assert "mz-step--done" not in olga.get("/setup/").content.decode()
    assert olga.post("/setup/channels/done/").status_code == 404
