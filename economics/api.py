"""This room's endpoints of /api/v1/: spend, and the economics that come of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from economics import describing, figures, listing, metrics, question, report, representation, spending
from economics.models import Spend
from economics.representation import SpendSerializer
from tenants import clock, wall
from tenants.api import Endpoint
from tenants.models import Role

_PERIOD = [
    OpenApiParameter("from", OpenApiTypes.DATE, required=True, description="First local day"),
    OpenApiParameter("to", OpenApiTypes.DATE, required=True, description="Last local day, inclusive"),
    OpenApiParameter("by", OpenApiTypes.STR, enum=question.BREAKDOWNS, description="Fills rows"),
    OpenApiParameter("attribution", OpenApiTypes.STR, enum=question.ATTRIBUTIONS, default="last"),
    OpenApiParameter(
        "as_of", OpenApiTypes.DATETIME, description="What was recorded later does not exist; now when absent"
    ),
]
_FILTERS = [
    OpenApiParameter("source", OpenApiTypes.STR),
    OpenApiParameter("kind", OpenApiTypes.STR),
    OpenApiParameter("from", OpenApiTypes.DATE, description="Rows that touch this day or later ones"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Rows that touch this day or earlier ones"),
]


@extend_schema_view(list=extend_schema(parameters=_FILTERS))
class Spends(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`spend/`: money spent to win clients, newest first."""

    serializer_class = SpendSerializer
    read_role = Role.OWNER
    write_role = Role.OWNER

    def get_queryset(self) -> QuerySet[Spend]:
        """The tenant's rows that stand, narrowed by the query of a list."""
        found = spending.standing()
        if self.action != "list":
            return found
        given = self.request.query_params
        if "source" in given:
            found = found.filter(source=given["source"])
        if kind := given.get("kind"):
            found = found.filter(kind=kind)
        days = serializers.DateField()
        for name, lookup in (("from", "last_day__gte"), ("to", "first_day__lte")):
            if text := given.get(name):
                try:
                    found = found.filter(**{lookup: days.to_internal_value(text)})
                except serializers.ValidationError as error:
                    raise serializers.ValidationError({name: error.detail}) from error
        return found

    @extend_schema(responses={201: SpendSerializer})
    def create(self, request: Request) -> Response:
        """Adds a row; give `date`, or `from` and `to` to spread it over days."""
        given = SpendSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = spending.add(given.entry(), by=None, now=clock.now())
        return Response(SpendSerializer(row).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, pk: Any = None) -> Response:
        """Changes a row; what is not given stays."""
        return self.partial_update(request, pk)

    def partial_update(self, request: Request, pk: Any = None) -> Response:
        """Changes a row; what is not given stays."""
        row = self.get_object()
        given = SpendSerializer(row, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        return Response(SpendSerializer(spending.change(row, given.entry(), by=None)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any = None) -> Response:
        """Takes a row back."""
        spending.remove(self.get_object(), by=None, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Economics(Endpoint):
    """`economics/`: figures of a period, and the rows behind each."""

    serializer_class = serializers.Serializer
    read_role = Role.OWNER

    def get_queryset(self) -> QuerySet[Spend]:
        """Nothing is looked up by id here."""
        return Spend.objects.none()

    @extend_schema(
        parameters=_PERIOD, responses=forced_singular_serializer(type(representation.report_schema()))
    )
    def list(self, request: Request) -> Response:
        """Every metric of a period, by a breakdown when asked; definitions in docs/metrics.md."""
        return Response(report.answer(_asked(request)))

    @extend_schema(
        parameters=[
            OpenApiParameter("metric", OpenApiTypes.STR, required=True, description="The figure's name"),
            *_PERIOD,
            OpenApiParameter(
                "key", OpenApiTypes.STR, description="One row of the breakdown; - is the one not known"
            ),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter("limit", OpenApiTypes.INT, description="Up to 200"),
        ],
        responses={200: representation.rows_schema()},
    )
    @action(detail=False, methods=["get"])
    def rows(self, request: Request) -> Response:
        """The rows a figure is made of, newest first; their parts add up to the figure."""
        given = request.query_params
        asked = _asked(request)
        try:
            metric = metrics.get(given.get("metric") or "")
        except metrics.UnknownMetric as error:
            raise serializers.ValidationError({"metric": [_("There is no such figure.")]}) from error
        key = given.get("key")
        try:
            page = listing.page(
                asked, metric, key=key, mark=given.get("cursor") or "", limit=_limit(given.get("limit"))
            )
            shown = report.figure(asked, metric, key=key)
        except question.BadQuestion as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        results = [
            {
                "kind": row.kind.value,
                "id": row.id,
                "at": row.at.astimezone(asked.tenant.zone).isoformat(),
                "contact": row.contact_id,
                "title": words.title,
                "detail": words.detail,
                "numerator": figures.part(row.numerator, money=row.money[0]),
                "denominator": figures.part(row.denominator, money=row.money[1]),
                "value": row.value,
            }
            for row, words in zip(page.rows, describing.describe(page.rows), strict=True)
        ]
        return Response(
            {
                "next": self._page(request, page.after),
                "previous": self._page(request, page.before),
                "metric": shown,
                "results": results,
            }
        )

    def _page(self, request: Request, mark: str | None) -> str | None:
        if mark is None:
            return None
        given = request.query_params.copy()
        given["cursor"] = mark
        return request.build_absolute_uri(f"{request.path}?{given.urlencode()}")


def _asked(request: Request) -> question.Question:
    try:
        return question.read(request.query_params, tenant=wall.entered_tenant(), now=clock.now())
    except question.BadQuestion as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error


def _limit(text: str | None) -> int:
    try:
        return max(1, min(200, int(text or 50)))
    except ValueError as error:
        raise serializers.ValidationError({"limit": [_("This is not a number.")]}) from error


# (path below /api/v1/, view set)
ENDPOINTS: list[tuple[str, type[Endpoint]]] = [("spend", Spends), ("economics", Economics)]
