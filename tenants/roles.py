"""Who may open a page."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tenants.models import Role

View = TypeVar("View", bound=Callable[..., HttpResponse])


def needs(role: Role) -> Callable[[View], View]:
    """Guards a staff page: log in first; without a tenant go and make one; 403 below `role`."""

    def guard(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            seat = request.seat  # type: ignore[attr-defined]
            if seat is None:
                return redirect("onboarding:start")
            if seat.role.rank < role.rank:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded  # type: ignore[return-value]

    return guard
