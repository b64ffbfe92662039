"""Events that came in, as the contract names their states."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from connections.models import InboundEvent
from tenants.api import Endpoint, number
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


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("channel", OpenApiTypes.INT),
            OpenApiParameter("state", enum=["new", "done", "ignored", "dead"]),
        ]
    )
)
class InboundEvents(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`inbound-events/`: what providers sent, `?channel=`, `?state=`."""

    serializer_class = InboundEventSerializer
    read_role = Role.MANAGER

    def get_queryset(self) -> QuerySet[InboundEvent]:
        """The tenant's events, narrowed by the query."""
        events = InboundEvent.objects.defer("raw", "headers", "query")
        wanted: Any = self.request.query_params
        if channel := number(wanted, "channel"):
            events = events.filter(connection_id=channel)
        if state := wanted.get("state"):
            ended = {name: value for value, name in STATES.items()}
            events = events.filter(state=ended[state]) if state in ended else events.exclude(state__in=STATES)
        return events


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [("inbound-events", InboundEvents)]
