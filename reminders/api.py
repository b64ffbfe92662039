"""This room's endpoints of /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from conversations.models import MessageState
from reminders.models import Reminder
from tenants.api import Endpoint, number
from work.rows import State

STATES = ("pending", "sent", "skipped", "cancelled", "expired", "in_doubt", "failed")
# While a reminder is `done` its message says what became of it.
_ROW: dict[str, str] = {
    State.SKIPPED: "skipped",
    State.IGNORED: "skipped",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
    State.IN_DOUBT: "in_doubt",
    State.DEAD: "failed",
}
_MESSAGE: dict[str, str] = {
    MessageState.SENT: "sent",
    MessageState.DELIVERED: "sent",
    MessageState.READ: "sent",
    MessageState.FAILED: "failed",
    MessageState.IN_DOUBT: "in_doubt",
    MessageState.CANCELLED: "cancelled",
}


def fold(reminder: Reminder) -> str:
    """One of `STATES`: `pending` covers everything before the outcome."""
    if reminder.state == State.DONE and reminder.message is not None:
        return _MESSAGE.get(reminder.message.state, "pending")
    return _ROW.get(reminder.state, "pending")


class ReminderSerializer(serializers.ModelSerializer[Reminder]):
    """A reminder; its times are instants, its offset is in minutes before the start."""

    state = serializers.SerializerMethodField()
    sent_at = serializers.DateTimeField(source="message.sent_at", default=None, read_only=True)

    class Meta:
        model = Reminder
        fields = (
            "id",
            "booking",
            "starts_at",
            "offset_minutes",
            "due_at",
            "expires_at",
            "state",
            "reason",
            "channel_kind",
            "sent_at",
            "message",
            "to_call",
            "called_at",
        )

    @extend_schema_field(serializers.ChoiceField(choices=STATES))
    def get_state(self, reminder: Reminder) -> str:
        """See `fold`."""
        return fold(reminder)


@extend_schema_view(list=extend_schema(parameters=[OpenApiParameter("booking", OpenApiTypes.INT)]))
class Reminders(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`reminders/`: one row per offset of each visit, `?booking=` those of one visit."""

    serializer_class: Any = ReminderSerializer

    def get_queryset(self) -> QuerySet[Reminder]:
        """The tenant's reminders, narrowed by the query."""
        found: QuerySet[Reminder] = Reminder.objects.select_related("message")
        booking = number(self.request.query_params, "booking")
        return found.filter(booking_id=booking) if booking else found


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [("reminders", Reminders)]
