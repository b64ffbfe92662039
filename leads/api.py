"""Leads and to-dos."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from conversations.models import Contact, Conversation
from leads import tasks
from leads.models import Lead, Task
from tenants import clock
from tenants.api import Endpoint, number
from tenants.models import Membership, Role


class LeadSerializer(serializers.ModelSerializer[Lead]):
    """A request of a person."""

    channel = serializers.IntegerField(source="connection_id", read_only=True)

    class Meta:
        model = Lead
        fields = (
            "id",
            "contact",
            "conversation",
            "channel",
            "channel_kind",
            "source",
            "medium",
            "campaign",
            "first_source",
            "first_medium",
            "first_campaign",
            "status",
            "lost_reason",
            "created_at",
            "first_reply_at",
        )


@extend_schema_view(
    list=extend_schema(parameters=[OpenApiParameter("contact", OpenApiTypes.INT), OpenApiParameter("status")])
)
class Leads(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`leads/`: newest first, `?contact=`, `?status=`."""

    serializer_class = LeadSerializer
    read_role = Role.MANAGER

    def get_queryset(self) -> QuerySet[Lead]:
        """The tenant's leads, narrowed by the query."""
        found = Lead.objects.all()
        if contact := number(self.request.query_params, "contact"):
            found = found.filter(contact_id=contact)
        if status := self.request.query_params.get("status"):
            found = found.filter(status=status)
        return found


class TaskSerializer(serializers.ModelSerializer[Task]):
    """A to-do of a colleague."""

    assignee = serializers.IntegerField(source="assignee_id", required=False, allow_null=True)
    lead = serializers.IntegerField(source="lead_id", required=False, allow_null=True)
    contact = serializers.IntegerField(source="contact_id", required=False, allow_null=True)
    conversation = serializers.IntegerField(source="conversation_id", required=False, allow_null=True)
    booking = serializers.IntegerField(source="booking_id", read_only=True)

    class Meta:
        model = Task
        fields = (
            "id",
            "text",
            "due_at",
            "assignee",
            "done_at",
            "lead",
            "contact",
            "conversation",
            "booking",
            "reason",
        )
        read_only_fields = ("reason",)

    def validate_assignee(self, value: int | None) -> int | None:
        """A colleague of this tenant."""
        if value is not None and not Membership.objects.filter(user_id=value).exists():
            raise serializers.ValidationError(_("There is no such colleague."))
        return value

    def validate_lead(self, value: int | None) -> int | None:
        """A lead of this tenant."""
        return self._own(Lead, value)

    def validate_contact(self, value: int | None) -> int | None:
        """A contact of this tenant."""
        return self._own(Contact, value)

    def validate_conversation(self, value: int | None) -> int | None:
        """A thread of this tenant."""
        return self._own(Conversation, value)

    @staticmethod
    def _own(model: type[Any], value: int | None) -> int | None:
        if value is not None and not (0 < value < 2**63 and model.objects.filter(pk=value).exists()):
            raise serializers.ValidationError(_("Not found."))
        return value


class Tasks(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    Endpoint,
):
    """`tasks/`: to-dos; PATCH `done_at` closes one."""

    serializer_class = TaskSerializer
    http_method_names = ("get", "post", "patch", "head", "options")

    def get_queryset(self) -> QuerySet[Task]:
        """The tenant's to-dos."""
        return Task.objects.all()

    def perform_create(self, serializer: Any) -> None:
        """Opens a to-do by hand."""
        values = dict(serializer.validated_data)
        text, due_at = values.pop("text"), values.pop("due_at")
        done_at = values.pop("done_at", None)
        task = tasks.open_task(text, due_at=due_at, now=clock.now())
        for name, value in (values | {"done_at": done_at}).items():
            setattr(task, name, value)
        task.save()
        serializer.instance = task


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [("leads", Leads), ("tasks", Tasks)]
