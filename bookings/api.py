"""This room's endpoints of /api/v1/."""

from __future__ import annotations

from tenants.api import Endpoint

# (path below /api/v1/, view set)
ENDPOINTS: list[tuple[str, type[Endpoint]]] = []
