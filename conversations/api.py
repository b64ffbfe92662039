"""Contacts, conversations and messages."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import contacts, merging, outbox
from conversations.merging import survivor_of
from conversations.models import Contact, Conversation, Identity, Message
from kit import phones
from tenants import clock
from tenants.api import Endpoint, number
from tenants.lookup import TokenOwner
from tenants.models import Role, new_token


def sees_private(request: Any) -> bool:
    """Whether a token may read private chats of an owner's own account."""
    owner = getattr(request, "auth", None)
    return isinstance(owner, TokenOwner) and owner.role == Role.OWNER


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    """How a contact is known in a kind of channel."""

    class Meta:
        model = Identity
        fields = ("channel_kind", "external_id")


class ContactSerializer(serializers.ModelSerializer[Contact]):
    """A person."""

    identities = IdentitySerializer(many=True, read_only=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), required=False)

    class Meta:
        model = Contact
        fields = ("id", "name", "phone", "email", "identities", "tags", "created_at")
        read_only_fields = ("created_at",)

    def validate_phone(self, value: str) -> str:
        """E.164, or a clear word."""
        if not value:
            return ""
        phone = phones.normalise(value)
        if phone is None:
            raise serializers.ValidationError(
                _("This is not a phone number. Write it like +7 913 123-45-67.")
            )
        return phone


class ContactToMerge(serializers.Serializer[Any]):
    """Who is the same person."""

    contact = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class Contacts(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    Endpoint,
):
    """`contacts/`."""

    serializer_class = ContactSerializer
    http_method_names = ("get", "post", "patch", "head", "options")

    def get_queryset(self) -> QuerySet[Contact]:
        """The tenant's people; merged ones read as the survivor."""
        found = Contact.objects.prefetch_related("identities")
        return found if self.detail else found.filter(merged_into=None)

    def get_object(self) -> Contact:
        """The person; the id of a merged card leads to the one that survives."""
        found: Contact = super().get_object()
        return found if found.merged_into_id is None else self.get_queryset().get(pk=survivor_of(found).pk)

    @extend_schema(request=ContactToMerge, responses=ContactSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str | None = None) -> Response:
        """Makes one person of this one and `contact`; returns the one that survives, the older of the two."""
        one = self.get_object()
        data = request.data if isinstance(request.data, dict) else {}
        other = get_object_or_404(Contact, pk=number(data, "contact") or 0)
        try:
            done = merging.merge_pair(one, other, reason="hand", now=clock.now())
        except merging.SamePerson as error:
            raise serializers.ValidationError({"contact": [_("This is the same person already.")]}) from error
        survivor = self.get_queryset().get(pk=done.survivor_id)
        return Response(self.get_serializer(survivor).data)

    def perform_create(self, serializer: Any) -> None:
        """Finds the person by phone before making one."""
        values = serializer.validated_data
        if values.get("phone"):
            serializer.instance = contacts.by_phone(
                values["phone"], name=values.get("name", ""), email=values.get("email", ""), now=clock.now()
            )
        else:
            serializer.save(created_at=clock.now())


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A thread."""

    channel = serializers.IntegerField(source="connection_id", read_only=True)
    channel_kind = serializers.CharField(source="connection.kind", read_only=True)

    class Meta:
        model = Conversation
        fields = ("id", "contact", "channel", "channel_kind", "state", "assignee", "waiting_since", "holder")


class Conversations(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`conversations/`."""

    serializer_class = ConversationSerializer

    def get_queryset(self) -> QuerySet[Conversation]:
        """The tenant's threads; the private ones of an owner's own account for owners only."""
        found = Conversation.objects.select_related("connection")
        return found if sees_private(self.request) else found.filter(is_private=False)


class ButtonSerializer(serializers.Serializer[Any]):
    """A button under a message."""

    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(allow_blank=True)


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message; `pending` covers every state before the outcome."""

    buttons = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = (
            "id",
            "conversation",
            "direction",
            "author",
            "kind",
            "text",
            "buttons",
            "external_id",
            "state",
            "error",
            "created_at",
            "sent_at",
        )

    @extend_schema_field(ButtonSerializer(many=True))
    def get_buttons(self, message: Message) -> list[list[dict[str, str]]]:
        """Rows of {label, value}."""
        return [[{"label": b["label"], "value": b.get("value", "")} for b in row] for row in message.buttons]


class MessageToSend(serializers.Serializer[Any]):
    """What a POST takes."""

    conversation = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    text = serializers.CharField(max_length=20_000)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("conversation", OpenApiTypes.INT),
            OpenApiParameter("contact", OpenApiTypes.INT),
        ]
    )
)
class Messages(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`messages/`: `?conversation=`, `?contact=`; POST `{conversation, text}` sends as a colleague."""

    serializer_class = MessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        """The tenant's messages, narrowed by the query."""
        found: models.QuerySet[Message] = Message.objects.all()
        if not sees_private(self.request):
            found = found.filter(conversation__is_private=False)
        if conversation := number(self.request.query_params, "conversation"):
            found = found.filter(conversation_id=conversation)
        if contact := number(self.request.query_params, "contact"):
            found = found.filter(contact_id=contact)
        return found

    @extend_schema(request=MessageToSend, responses={201: MessageSerializer})
    def create(self, request: Request) -> Response:
        """Sends a message; the thread is looked up before the text is checked."""
        data = request.data if isinstance(request.data, dict) else {}
        threads = (
            Conversation.objects.all()
            if sees_private(request)
            else Conversation.objects.filter(is_private=False)
        )
        thread = get_object_or_404(threads, pk=number(data, "conversation") or 0)
        asked = MessageToSend(data=data)
        asked.is_valid(raise_exception=True)
        try:
            message = outbox.reply(
                thread,
                text=asked.validated_data["text"],
                by=None,
                key=f"api:{new_token(12)}",
                now=clock.now(),
            )
        except outbox.CannotWrite as error:
            raise serializers.ValidationError({"conversation": [str(error)]}) from error
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [
    ("contacts", Contacts),
    ("conversations", Conversations),
    ("messages", Messages),
]
