"""Every URL of the house, room by room. `/hooks/` and `/live/` are answered before Django, in `config/asgi.py`."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import api, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("onboarding.urls")),
    path("", RedirectView.as_view(pattern_name="inbox:list"), name="home"),
    path("inbox/", include("inbox.urls")),
    path("", include("bookings.urls")),
    path("money/", include("economics.urls")),
    path("", include("reminders.urls")),
    path("", include("conversations.urls")),
    path("channels/", include("connections.urls")),
    path("crm/", include("sync.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/", include(api)),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
]
