"""Events that came in, as the contract names their states."""

from __future__ import annotations

import base64
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from connections import unread
from connections.models import InboundEvent
from tenants.api import Conflict, Endpoint, number
from tenants.models import Role
from work.rows import State

STATES = {State.DONE: "done", State.IGNORED: "ignored", State.DEAD: "dead"}


class InboundEventSerializer(serializers.ModelSerializer[InboundEvent]):
    """One event without its raw body."""

    channel = serializers.IntegerField(source="connection_id", read_only=True)
    state = serializers.SerializerMethodField()
    error = serializers.CharField(source="last_error", read_only=True)

    class Meta:
        model = InboundEvent
        fields = ("id", "channel", "external_id", "state", "error", "received_at", "attempts")

    def get_state(self, event: InboundEvent) -> str:
        """new | done | ignored | dead."""
        return STATES.get(State(event.state), "new")


class WholeEventSerializer(InboundEventSerializer):
    """One event with the request as it came: `query` is JSON, `body` is base64, for it may be any bytes."""

    body = serializers.SerializerMethodField()

    class Meta(InboundEventSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *InboundEventSerializer.Meta.fields,
            "method",
            "subpath",
            "query",
            "headers",
            "body",
        )

    def get_body(self, event: InboundEvent) -> str:
        """To the byte."""
        return base64.b64encode(bytes(event.raw)).decode()


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("channel", OpenApiTypes.INT),
            OpenApiParameter("state", enum=["new", "done", "ignored", "dead"]),
        ]
    )
)
class InboundEvents(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`inbound-events/`: what providers sent, `?channel=`, `?state=`; one alone comes with all that was sent."""

    serializer_class = InboundEventSerializer
    read_role = write_role = Role.MANAGER

    def get_serializer_class(self) -> type[InboundEventSerializer]:
        """With the request where one event is asked for."""
        return WholeEventSerializer if self.action == "retrieve" else InboundEventSerializer

    @extend_schema(request=None, responses=InboundEventSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str | None = None) -> Response:
        """Reads a dead event again; 409 when it is none."""
        event = self.get_object()
        if not unread.again(event):
            raise Conflict("not_dead", _("Only an event that could not be read is read again."))
        event.refresh_from_db(fields=["state", "last_error", "attempts"])
        return Response(InboundEventSerializer(event).data)

    def get_queryset(self) -> QuerySet[InboundEvent]:
        """The tenant's events, narrowed by the query."""
        events = InboundEvent.objects.all()
        if self.action != "retrieve":
            events = events.defer("raw", "headers", "query")
        wanted: Any = self.request.query_params
        if channel := number(wanted, "channel"):
            events = events.filter(connection_id=channel)
        if state := wanted.get("state"):
            ended = {name: value for value, name in STATES.items()}
            events = events.filter(state=ended[state]) if state in ended else events.exclude(state__in=STATES)
        return events


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [("inbound-events", InboundEvents)]
