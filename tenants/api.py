"""What every endpoint of the API shares: tokens, roles, pages, errors, idempotent POSTs."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions, pagination, permissions, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from tenants.lookup import TokenOwner
from tenants.models import ApiRequest, Role


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
        owner = request._request.token_owner
        return (TokenUser(owner), owner) if owner else None

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 rather than 403."""
        return "Bearer"


class _TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "tenants.api.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


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


class Pages(pagination.CursorPagination):
    """Cursor pages: `{"next", "previous", "results"}`, `?limit=` up to 200, newest first."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"


class Conflict(exceptions.APIException):
    """409 with facts beside the message, such as free alternatives."""

    status_code = status.HTTP_409_CONFLICT

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message, code)
        self.facts = facts


def error(failure: Exception, context: dict[str, Any]) -> Response | None:
    """`{"code", "message", "fields"}` for every refusal; whatever was half-written is rolled back."""
    if isinstance(failure, ModelError):
        failure = exceptions.ValidationError(getattr(failure, "message_dict", None) or failure.messages)
    response = exception_handler(failure, context)
    if response is None:
        return None
    if transaction.get_connection().in_atomic_block:
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


class Endpoint(viewsets.GenericViewSet[Any]):
    """Base of the API's view sets: POSTs with an `Idempotency-Key` happen once."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers a repeated POST with what the first one was told."""
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or request.token_owner is None:
            return super().dispatch(request, *args, **kwargs)
        if len(key) > 200:
            key = hashlib.sha256(key.encode()).hexdigest()
        digest = hashlib.sha256(request.path.encode() + b"\0" + request.body).digest()
        try:
            with transaction.atomic():
                mark = ApiRequest.objects.create(key=key, digest=digest)
        except IntegrityError:
            mark = ApiRequest.objects.get(key=key)
            return self._repeat(request, mark, same=bytes(mark.digest) == digest)
        response = super().dispatch(request, *args, **kwargs)
        if 200 <= response.status_code < 300:
            response.render()
            mark.status = response.status_code
            mark.body = response.content.decode()
            mark.save(update_fields=["status", "body"])
        else:
            # A refusal may be tried again with the same key.
            transaction.set_rollback(True)
        return response

    def _repeat(self, request: Any, mark: ApiRequest, *, same: bool) -> Any:
        from django.http import HttpResponse, JsonResponse

        if not same:
            message = _("This Idempotency-Key was used for another request.")
            return JsonResponse({"code": "key_reused", "message": message, "fields": {}}, status=422)
        repeated = HttpResponse(mark.body, status=mark.status, content_type="application/json")
        repeated["Idempotent-Replayed"] = "true"
        return repeated


def number(values: Any, name: str) -> int | None:
    """A positive id from a query or a body; None when absent.

    Raises:
        ValidationError: it is none.
    """
    value = values.get(name)
    if value in (None, ""):
        return None
    try:
        found = int(value)
    except (TypeError, ValueError) as failure:
        raise exceptions.ValidationError({name: [_("This is not a number.")]}) from failure
    if not 0 < found < 2**63:
        raise Http404
    return found
