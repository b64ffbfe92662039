"""Chooses the tenant of a request and runs its view inside that tenant's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants import lookup, wall

SESSION_KEY = "tenant"


class TenantMiddleware:
    """Sets `request.seat` and `request.seats` for a person, `request.token_owner` for an API token.

    A view runs inside `tenant_tx`, so an exception rolls its writes back. A view that decides itself (a public page,
    a command over several tenants) carries `@without_tenant`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Finds out who asks."""
        timezone.deactivate()
        request.seat = None  # type: ignore[attr-defined]
        request.seats = []  # type: ignore[attr-defined]
        request.token_owner = None  # type: ignore[attr-defined]
        if request.path.startswith("/api/v1/"):
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            if scheme.lower() == "bearer" and token:
                request.token_owner = lookup.api_token(token.strip())  # type: ignore[attr-defined]
        elif request.user.is_authenticated:
            self._sit(request)
        return self.get_response(request)

    def _sit(self, request: HttpRequest) -> None:
        # Asked afresh each time: a removed colleague is out with the next click.
        seats = lookup.seats_of(request.user.pk or 0)
        chosen = request.session.get(SESSION_KEY)
        seat = next((s for s in seats if s.tenant_id == chosen), seats[0] if seats else None)
        request.seats = seats  # type: ignore[attr-defined]
        request.seat = seat  # type: ignore[attr-defined]
        if seat:
            timezone.activate(seat.timezone)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Runs the view for the tenant, its template included."""
        owner = request.token_owner or request.seat  # type: ignore[attr-defined]
        if owner is None or getattr(view, "without_tenant", False):
            return None
        with wall.tenant_tx(owner.tenant_id):
            response = view(request, *args, **kwargs)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
        return response


def without_tenant(view: Any) -> Any:
    """Marks a view that enters tenants itself."""
    view.without_tenant = True
    return view
