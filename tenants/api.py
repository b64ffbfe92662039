"""What every endpoint of the API shares: pages, idempotent POSTs, ids from outside."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, pagination, viewsets

from tenants.access import Conflict
from tenants.models import ApiRequest

__all__ = ["Conflict", "Endpoint", "Pages", "number"]


class _TokenScheme(OpenApiAuthenticationExtension):
    target_class = "tenants.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class Pages(pagination.CursorPagination):
    """Cursor pages: `{"next", "previous", "results"}`, `?limit=` up to 200, newest first."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = "-id"


class Endpoint(viewsets.GenericViewSet[Any]):
    """Base of the API's view sets: POSTs with an `Idempotency-Key` happen once."""

    pagination_class: type[Pages] | None = Pages

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers a repeated POST with what the first one was told."""
        key = request.headers.get("Idempotency-Key", "")
        if request.method != "POST" or not key or request.token_owner is None:
            return super().dispatch(request, *args, **kwargs)
        if len(key) > 200:
            key = hashlib.sha256(key.encode()).hexdigest()
        digest = hashlib.sha256(request.path.encode() + b"\0" + _said(request)).digest()
        try:
            with transaction.atomic():
                mark = ApiRequest.objects.create(key=key, digest=digest)
        except IntegrityError:
            mark = ApiRequest.objects.get(key=key)
            return self._repeat(request, mark, same=bytes(mark.digest) == digest)
        response = super().dispatch(request, *args, **kwargs)
        if 200 <= response.status_code < 300:
            answer: Any = response
            answer.render()
            mark.status = answer.status_code
            mark.body = answer.content.decode()
            mark.save(update_fields=["status", "body"])
        else:
            # A refusal may be tried again with the same key.
            transaction.set_rollback(True)
        return response

    def _repeat(self, request: Any, mark: ApiRequest, *, same: bool) -> Any:
        if not same:
            message = _("This Idempotency-Key was used for another request.")
            return JsonResponse({"code": "key_reused", "message": message, "fields": {}}, status=422)
        repeated = HttpResponse(mark.body, status=mark.status, content_type="application/json")
        repeated["Idempotent-Replayed"] = "true"
        return repeated


def _said(request: Any) -> bytes:
    """What a request says, so that a repeat is known again: of a form what it holds, for its boundary is made anew."""
    if not request.content_type.startswith("multipart/"):
        body: bytes = request.body
        return body
    told = hashlib.sha256(repr(sorted(request.POST.lists())).encode("utf-8", "surrogatepass"))
    for name, upload in sorted(request.FILES.items()):
        told.update(f"\0{name}\0{upload.name}\0".encode("utf-8", "surrogatepass"))
        for chunk in upload.chunks():
            told.update(chunk)
        upload.seek(0)
    return told.digest()


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
