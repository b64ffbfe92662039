"""The wall's two layers, each alone."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from conversations.models import Contact, Identity
from tenants import wall
from tests.conftest import Salon


@pytest.fixture
def contact(salon: Salon) -> Contact:
    with salon.work():
        return Contact.objects.create(name="Анна", created_at=salon.now())


def test_a_query_without_a_tenant_is_refused(db: None) -> None:
    with pytest.raises(wall.NoTenant):
        Contact.objects.count()


def test_the_manager_adds_the_literal_filter(contact: Contact, salon: Salon) -> None:
    with salon.work():
        assert f'"tenant_id" = {salon.id}' in str(Contact.objects.all().query)


def test_one_tenant_does_not_enter_another(salon: Salon, other_salon: Salon) -> None:
    with salon.work(), pytest.raises(wall.CrossTenant), other_salon.work():
        pass


def test_raw_sql_sees_its_own_tenant_only(contact: Contact, other_salon: Salon) -> None:
    with other_salon.work(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM conversations_contact")
        assert cursor.fetchone() == (0,)


def test_raw_sql_without_a_tenant_sees_nothing(contact: Contact) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM conversations_contact")
        assert cursor.fetchone() == (0,)


def test_a_row_cannot_be_written_for_another_tenant(salon: Salon, other_salon: Salon) -> None:
    with other_salon.work(), connection.cursor() as cursor:
        with pytest.raises(Error, match="row-level security"), transaction.atomic():
            cursor.execute(
                "INSERT INTO onboarding_stepdone (tenant_id, step, at) VALUES (%s, 'x', now())", [salon.id]
            )


def test_a_key_cannot_point_over_the_wall(contact: Contact, other_salon: Salon) -> None:
    with pytest.raises(Error, match="same_tenant"), other_salon.work():
        Identity.objects.create(contact_id=contact.pk, channel_kind="telegram", external_id="1")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_setting_ends_with_its_transaction(salon: Salon) -> None:
    with salon.work():
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT nullif(current_setting('app.tenant_id', true), '')")
        assert cursor.fetchone() == (None,)
