"""Who may call the API and how it refuses: named in DRF's settings, so it must not import DRF's views."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions, permissions, status
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import wall
from tenants.lookup import TokenOwner
from tenants.models import Role


@dataclasses.dataclass(frozen=True)
class TokenUser:
    """Who `request.user` is behind an API token."""

    owner: TokenOwner
    is_authenticated: bool = True
    pk: None = None


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer TOKEN`, resolved by TenantMiddleware before the view."""

    def authenticate(self, request: Request) -> tuple[TokenUser, TokenOwner] | None:
        """The token's owner, None without a valid token."""
        owner = getattr(request._request, "token_owner", None)
        return (TokenUser(owner), owner) if owner else None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 rather than 403."""
        return "Bearer"


class RolePermission(permissions.BasePermission):
    """A token of a master reads, one of a manager or an owner writes; a view may ask for more."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compares the token's role with what the view asks."""
        owner = request.auth
        if not isinstance(owner, TokenOwner):
            return False
        safe = request.method in permissions.SAFE_METHODS
        needed = getattr(view, "read_role" if safe else "write_role", Role.MASTER if safe else Role.MANAGER)
        return owner.role.rank >= needed.rank


class Conflict(exceptions.APIException):
    """409 with facts beside the message, such as free alternatives."""

    status_code: int = status.HTTP_409_CONFLICT

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message, code)
        self.facts = facts


def error(failure: Exception, context: dict[str, Any]) -> Response | None:
    """`{"code", "message", "fields"}` for every refusal; whatever was half-written is rolled back."""
    if isinstance(failure, ModelError):
        failure = exceptions.ValidationError(getattr(failure, "message_dict", None) or failure.messages)
    from rest_framework.views import exception_handler

    response = exception_handler(failure, context)
    if response is None:
        return None
    if wall.entered():  # the transaction the middleware runs the view in
        transaction.set_rollback(True)
    body: dict[str, Any] = {"code": "error", "message": "", "fields": {}}
    if isinstance(failure, exceptions.ValidationError):
        fields = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        body |= {"code": "invalid", "message": _("Some fields need attention."), "fields": fields}
    elif isinstance(failure, Http404):
        body |= {"code": "not_found", "message": _("Not found.")}
    elif isinstance(failure, exceptions.APIException):
        body |= {"code": failure.get_codes(), "message": str(failure.detail)}
        if isinstance(failure, Conflict):
            body |= failure.facts
    response.data = body
    return response
