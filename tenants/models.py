"""Who: tenants, people, their roles, one-time join links, API tokens and the audit trail."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from tenants import wall
from tenants.constraints import RowLevelSecurity


class Role(models.TextChoices):
    """What a colleague may do; each role may all that the next one may."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    MASTER = "master", _("Master")

    @property
    def rank(self) -> int:
        """Higher may more."""
        return {"owner": 3, "manager": 2, "master": 1}[self.value]


def digest(token: str) -> bytes:
    """What is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).digest()


def new_token(size: int = 24) -> str:
    """A URL-safe random token of `size` bytes."""
    return secrets.token_urlsafe(size)


class Tenant(models.Model):
    """A business that uses Marzha."""

    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=50, default="Asia/Omsk")
    currency = models.CharField(max_length=3, default="RUB")
    industry = models.CharField(max_length=20, default="empty")
    language = models.CharField(max_length=5, default="ru")
    phone = models.CharField(max_length=20, blank=True, default="")
    address = models.CharField(max_length=300, blank=True, default="")
    is_demo = models.BooleanField(default=False)
    clock_offset = models.DurationField(default=dt.timedelta)
    # Whether every visit stands in our calendar, so that free slots may be promised.
    calendar_complete = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            RowLevelSecurity(name="tenants_tenant_wall", column="id"),
            models.CheckConstraint(
                condition=models.Q(is_demo=True) | models.Q(clock_offset=dt.timedelta()),
                name="tenants_tenant_clock_moves_in_demo_only",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.timezone)


class UserManager(BaseUserManager["User"]):
    """Makes users known by their e-mail, or by nothing when they joined by a link."""

    def create_user(self, email: str | None, password: str | None = None, **extra: Any) -> User:
        """A user; without a password none can be used to log in."""
        user = self.model(email=self.normalize_email(email).lower() if email else None, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """An operator of the whole installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in; belongs to no tenant, a `Membership` ties them."""

    # Staff who joined by a link or a QR code may have no e-mail.
    email = models.EmailField(unique=True, null=True, blank=True)
    name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=5, default="ru")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)
    settings = models.JSONField(default=dict, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """The name colleagues and clients see."""
        return self.name or (self.email or "").split("@")[0] or f"#{self.pk}"

    def get_short_name(self) -> str:
        """The first name."""
        return self.get_full_name().split()[0]


class Membership(wall.TenantModel):
    """A person's role in a tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user"], name="tenants_membership_once"),
        ]


class JoinLink(wall.TenantModel):
    """A one-time link or QR code by which a colleague joins, without e-mail if need be."""

    token_hash = models.BinaryField(max_length=32)
    role = models.CharField(max_length=10, choices=Role.choices)
    name = models.CharField(max_length=150, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="tenants_joinlink_token"),
        ]


class ApiToken(wall.TenantModel):
    """A bearer token of the API; only its hash is kept."""

    token_hash = models.BinaryField(max_length=32)
    prefix = models.CharField(max_length=8)
    name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.OWNER)
    created_at = models.DateTimeField(default=now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="tenants_apitoken_token"),
        ]


class AuditEntry(wall.TenantModel):
    """Who did what that matters: roles, secrets, exports. Written once, never changed."""

    at = models.DateTimeField(default=now)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["tenant", "-at"])]


class ApiRequest(wall.TenantModel):
    """What a POST with an Idempotency-Key was answered, for its repeats."""

    key = models.CharField(max_length=200)
    digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "key"], name="tenants_apirequest_key"),
        ]
