"""Is it alive, is it ready, what does it count: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import os
import tempfile
from functools import cache

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tenants.middleware import without_tenant


@without_tenant
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok", content_type="text/plain")


@cache
def _leaves() -> frozenset[tuple[str, str]]:
    executor = MigrationExecutor(connection)
    return frozenset(executor.loader.graph.leaf_nodes())


@without_tenant
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations and spool; not Redis, without which everything still happens."""
    found = {"database": False, "migrations": False, "spool": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            applied = set(cursor.fetchall())
        found["database"] = True
        found["migrations"] = _leaves() <= applied
    except Error:
        pass
    try:
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.SPOOL_DIR) as probe:
            os.write(probe.fileno(), b"1")
        found["spool"] = True
    except OSError:
        pass
    ready = all(found.values())
    return JsonResponse(found, status=200 if ready else 503)


@without_tenant
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
