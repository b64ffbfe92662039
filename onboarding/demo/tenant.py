"""Makes and empties the demo tenant."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.db import models
from django.utils import timezone, translation

from bookings import catalogue
from connections import accounts
from connections.models import Connection
from conversations.models import Contact
from economics.ledger import writing
from kit import storage
from onboarding import presets
from onboarding.demo import present, showcase
from onboarding.demo.history import History
from onboarding.demo.story import story
from tenants import clock, lookup, people, wall
from tenants.models import ApiToken, AuditEntry, JoinLink, Membership, Role, Tenant, User

PASSWORD = "marzha-demo-2026"
# A demo that is emptied keeps its people, their links and what they did.
KEPT = (Membership, ApiToken, JoinLink, AuditEntry)


class NotDemo(Exception):
    """Only a tenant flagged as demo is ever emptied."""


def load(slug: str) -> dict[str, Any]:
    """The demo tenant, made with its history when it is not there; returns counts, logins and the client's chat."""
    tenant_id = lookup.tenant_by_slug(slug)
    logins = _people()
    if tenant_id is None:
        tenant_id = _make(slug, logins["owner"]).pk
    with wall.tenant_tx(tenant_id):
        for role, user in logins.items():
            Membership.objects.get_or_create(user=user, defaults={"role": role})
        tenant = wall.entered_tenant()
        # Also where an earlier load was cut off: history comes whole or not at all.
        fresh = not Contact.objects.exists()
        counts = _fill(tenant) if fresh else {}
    return {
        "slug": slug,
        "id": tenant_id,
        "fresh": fresh,
        "logins": [
            {"email": user.email, "password": PASSWORD, "role": role} for role, user in logins.items()
        ],
        **counts,
    }


def _people() -> dict[str, User]:
    team = story()["team"]
    found = {}
    for role in Role:
        email = f"{role.value}@demo.marzha"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, PASSWORD, name=team[role.value])
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        found[role.value] = user
    return found


def _make(slug: str, owner: User) -> Tenant:
    told = story()
    tenant = people.create_tenant(
        slug=slug, name=told["name"], owner=owner, industry="barbershop", timezone="Asia/Omsk", is_demo=True
    )
    with wall.tenant_tx(tenant.pk):
        tenant.address, tenant.phone = told["address"], told["phone"]
        tenant.save(update_fields=["address", "phone"])
    return tenant


def _fill(tenant: Tenant) -> dict[str, int]:
    """History, words, visits ahead; inside the tenant's transaction."""
    with translation.override(tenant.language), timezone.override(tenant.zone):
        now = clock.now()
        told = story()
        preset = presets.all_presets()["barbershop"]
        days = dict(zip(range(1, 8), ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), strict=True))
        staff = [
            {
                "id": s["id"],
                "name": s["name"],
                "hours": {days[d]: ["10:00", "21:00"] for d in s["shares_work"]},
            }
            for s in told["staff"]
        ]
        services = [service | {"staff": [s["id"] for s in told["staff"]]} for service in preset.services]
        catalogue.import_catalogue({"staff": staff, "addons": preset.addons, "services": services})
        counts = writing.import_ledger(History(now=now, zone=tenant.zone).document(), tenant=tenant, now=now)
        chat = Connection.objects.filter(kind="webchat").exclude(state="off").order_by("id").first()
        chat = chat or accounts.create("webchat", settings={})
        present.put_words(tenant, chat=chat)
        counts["ahead"] = present.fill_calendar(tenant, now=now)
        # Last, so that nobody in it has a visit ahead, with reminders that would look for a way to them.
        showcase.show(tenant, chat=chat, now=now)
    return counts


def clear(tenant_id: int) -> dict[str, int]:
    """Deletes every row of the demo tenant but its people; returns rows per table.

    Raises:
        NotDemo: see the class.
    """
    gone = {}
    with wall.tenant_tx(tenant_id):
        if not wall.entered_tenant().is_demo:
            raise NotDemo
        for model in wall.tenant_models():
            if model not in KEPT:
                # Keys are checked at the commit, so the order of tables is all one.
                rows: models.QuerySet[Any] = model.objects.all()
                gone[model._meta.label] = rows._raw_delete("default")
        Tenant.objects.update(clock_offset="0")
    storage.delete_all(f"{tenant_id}/")  # no row names these files any more
    return {name: count for name, count in gone.items() if count}
