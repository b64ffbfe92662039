"""How the API describes itself: every path parameter of ours is a numeric id."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_basic_type, build_parameter_type
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter


class Schema(AutoSchema):
    """Asks no queryset for the type of an id: outside a tenant there is none to ask."""

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        return [
            build_parameter_type(
                name=variable, location=OpenApiParameter.PATH, schema=build_basic_type(OpenApiTypes.INT) or {}
            )
            for variable in variables
        ]
