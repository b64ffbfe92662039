"""Every URL of the house, room by room. `/hooks/` and `/live/` are answered before Django, in `config/asgi.py`."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from config import api, health
from config.design import design
from onboarding.views import start
from tenants.middleware import without_tenant

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("onboarding.urls")),
    # Named without a room: every page's frame asks for them.
    path("tenant/switch/", start.switch, name="switch_tenant"),
    path("language/", without_tenant(set_language), name="set_language"),
    path("", RedirectView.as_view(pattern_name="inbox:list"), name="home"),
    path("inbox/", include("inbox.urls")),
    path("", include("bookings.urls")),
    path("money/", include("economics.urls")),
    path("", include("reminders.urls")),
    path("", include("conversations.urls")),
    path("channels/", include("connections.urls")),
    path("", include("leads.urls")),
    path("crm/", include("sync.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include(api)),
    path("ui/", without_tenant(design), name="guide"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
