"""Makes tenants, seats and the links and tokens that lead to them."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tenants import audit, signals, wall
from tenants.models import ApiToken, JoinLink, Membership, Role, Tenant, User, digest, new_token

JOIN_LINK_LIFE = dt.timedelta(days=3)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")


class SlugTaken(Exception):
    """Another tenant has this address."""


class LinkUsed(Exception):
    """The join link was used, or its time is over."""


class LastOwner(Exception):
    """A tenant cannot be left without an owner."""


def create_tenant(
    *,
    slug: str,
    name: str,
    owner: User,
    industry: str,
    timezone: str,
    is_demo: bool = False,
    language: str = "ru",
) -> Tenant:
    """A tenant with its owner; rooms above fill it from the industry's template when they hear of it.

    Raises:
        SlugTaken: the address is in use.
        ValidationError: the slug or the time zone is none.
    """
    if not SLUG.fullmatch(slug):
        raise ValidationError({"slug": _("Use latin letters, digits and hyphens, up to 50.")})
    if timezone not in zoneinfo.available_timezones():
        raise ValidationError({"timezone": _("There is no such time zone.")})
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('tenants_tenant_id_seq')")
        tenant_id = cursor.fetchone()[0]
    try:
        with wall.tenant_tx(tenant_id):
            tenant = Tenant.objects.create(
                id=tenant_id,
                slug=slug,
                name=name,
                industry=industry,
                timezone=timezone,
                is_demo=is_demo,
                language=language,
            )
            Membership.objects.create(user=owner, role=Role.OWNER)
            audit.record("tenant.created", by=owner, subject=slug)
            signals.tenant_created.send(Tenant, tenant=tenant)
    except IntegrityError as error:
        if "tenants_tenant_slug" in str(error):
            raise SlugTaken(slug) from error
        raise
    return tenant


class IssuedToken(NamedTuple):
    """A token as it is shown once."""

    token: str
    row_id: int


def issue_token(*, role: Role = Role.OWNER, name: str = "") -> IssuedToken:
    """A new API token of the entered tenant."""
    token = "mz_" + new_token(32)
    row = ApiToken.objects.create(token_hash=digest(token), prefix=token[:8], role=role, name=name)
    return IssuedToken(token, row.pk)


def invite(*, role: Role, by: User | None, now: dt.datetime, name: str = "") -> IssuedToken:
    """A one-time link by which a colleague joins the entered tenant."""
    token = new_token(24)
    row = JoinLink.objects.create(
        token_hash=digest(token), role=role, name=name, created_by=by, expires_at=now + JOIN_LINK_LIFE
    )
    audit.record("person.invited", by=by, subject=name, role=role)
    return IssuedToken(token, row.pk)


def join(token: str, *, user: User, now: dt.datetime) -> Membership:
    """Uses up a join link of the entered tenant; a person who has a seat keeps the higher role.

    Raises:
        LinkUsed: see the class.
    """
    link = JoinLink.objects.select_for_update().filter(token_hash=digest(token)).first()
    if link is None or link.used_at or link.expires_at < now:
        raise LinkUsed
    link.used_at, link.used_by = now, user
    link.save(update_fields=["used_at", "used_by"])
    seat, made = Membership.objects.get_or_create(user=user, defaults={"role": link.role})
    if not made and Role(link.role).rank > Role(seat.role).rank:
        seat.role = link.role
        seat.save(update_fields=["role"])
    audit.record("person.joined", by=user, role=seat.role)
    return seat


def change_role(seat: Membership, *, role: Role, by: User) -> None:
    """Gives a colleague another role.

    Raises:
        LastOwner: see the class.
    """
    if seat.role == Role.OWNER and role != Role.OWNER:
        _keep_an_owner(seat)
    seat.role = role
    seat.save(update_fields=["role"])
    audit.record("person.role_changed", by=by, subject=str(seat.user), role=role)


def remove(seat: Membership, *, by: User) -> None:
    """Takes a colleague's seat; what they did stays.

    Raises:
        LastOwner: see the class.
    """
    if seat.role == Role.OWNER:
        _keep_an_owner(seat)
    audit.record("person.removed", by=by, subject=str(seat.user))
    seat.delete()


def _keep_an_owner(seat: Membership) -> None:
    with transaction.atomic():
        others = Membership.objects.select_for_update().filter(role=Role.OWNER).exclude(pk=seat.pk)
        if not others.exists():
            raise LastOwner
