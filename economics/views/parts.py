"""What the pages of this room share."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from economics import choice
from economics.choice import Choice
from tenants.models import User


def person(request: HttpRequest) -> User:
    """Who asks; pages here are guarded, so somebody does."""
    assert isinstance(request.user, User)
    return request.user


def periods(chosen: Choice, **kept: str) -> list[dict[str, Any]]:
    """The period's tabs; own dates have a form beside them. `kept` stays in the address."""
    return [
        {"url": f"?{urlencode({'period': name, **kept})}", "label": label, "active": name == chosen.name}
        for name, label in choice.NAMES.items()
        if name != choice.CUSTOM
    ]


def dashboard_address(chosen: Choice) -> str:
    """The first screen of a period."""
    return f"{reverse('economics:dashboard')}?{urlencode(chosen.address())}"


def rows_address(choice: Choice, metric: str, **more: str) -> str:
    """The page of rows behind a figure of a period."""
    words = {"metric": metric, **choice.address(), **more}
    return f"{reverse('economics:rows')}?{urlencode(words)}"


def back_to(request: HttpRequest, address: str, *, say: str, undo: str = "") -> HttpResponse:
    """After a verb: the page reads itself anew under htmx and shows a toast; else a redirect with a word."""
    if not request.headers.get("HX-Request"):
        messages.success(request, say)
        return redirect(address)
    toast: dict[str, Any] = {"text": say, "tone": "gain"}
    if undo:
        toast["undo"] = undo
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps({"toast": toast, "spend": {}})
    return response
