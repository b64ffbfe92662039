"""/api/v1/ from each room's `api.py`, and its OpenAPI."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

import bookings.api
import connections.api
import conversations.api
import economics.api
import leads.api
import reminders.api
from tenants.middleware import without_tenant

router = SimpleRouter()
for room in (connections.api, conversations.api, leads.api, bookings.api, reminders.api, economics.api):
    for prefix, endpoint in room.ENDPOINTS:
        router.register(prefix, endpoint, basename=prefix)

urlpatterns = [
    path("v1/", include(router.urls)),
    path("schema/", without_tenant(SpectacularAPIView.as_view()), name="schema"),
    path("docs/", without_tenant(SpectacularSwaggerSplitView.as_view(url_name="schema")), name="docs"),
]
