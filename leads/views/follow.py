"""`/l/<slug>/<code>/`: the address on a flyer, in an ad, behind a QR code."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leads import links
from leads.models import TrackedLink
from tenants import clock, lookup, wall
from tenants.middleware import without_tenant


class _Away(HttpResponseRedirect):
    """A redirect into a messenger too: the address is made by us, never taken from the request."""

    allowed_schemes = ["https", "http", "tg"]


@require_safe
@without_tenant
@never_cache
def follow(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Counts the click and leads on; an address of a link that is no more leads to the booking page."""
    tenant_id = lookup.tenant_by_slug(slug)
    if tenant_id is None:
        raise Http404
    with wall.tenant_tx(tenant_id):
        link = TrackedLink.objects.select_related("connection").filter(code=code[:64]).first()
        if link is None:
            return HttpResponseRedirect(f"/b/{slug}/")
        target = links.follow(
            link,
            tenant=wall.entered_tenant(),
            query=request.GET.dict(),
            referrer=request.headers.get("referer", ""),
            now=clock.now(),
        )
    return _Away(target)
