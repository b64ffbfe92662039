"""The style guide: every part of the design language on one page, in a demo or while developing."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from kit.guide import guide


def design(request: HttpRequest) -> HttpResponse:
    """The guide, where it is meant to be seen."""
    if not (settings.DEMO or settings.DEBUG):
        raise Http404
    return guide(request)
