"""Contacts, conversations and messages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import contacts, merging, outbox, serving, uploads
from conversations.merging import survivor_of
from conversations.models import Contact, Conversation, Identity, MediaFile, Message
from kit import phones
from tenants import clock
from tenants.api import Endpoint, number
from tenants.lookup import TokenOwner
from tenants.models import Role, new_token
from tenants.parsers import JSONParser
from work.rows import State


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

    def perform_update(self, serializer: Any) -> None:
        """What a script types over has no proof, and may be somebody else's."""
        addresses = {
            name: serializer.validated_data.pop(name)
            for name in ("phone", "email")
            if name in serializer.validated_data
        }
        contact = serializer.save()
        contacts.correct(contact, **addresses, now=clock.now())


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


class FileSerializer(serializers.ModelSerializer[MediaFile]):
    """A file of a message: `done` once it can be had at `url`, `dead` when it cannot (`error` says why)."""

    error = serializers.CharField(source="last_error", read_only=True)
    url = serializers.SerializerMethodField()

    class Meta:
        model = MediaFile
        fields = ("id", "kind", "name", "mime", "size", "seconds", "width", "height", "state", "error", "url")

    def get_url(self, file: MediaFile) -> str:
        """Where its bytes are, below the address of the API; "" until they are there."""
        return f"messages/{file.message_id}/files/{file.pk}/" if file.state == State.DONE else ""


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message; `pending` covers every state before the outcome."""

    buttons = serializers.SerializerMethodField()
    files = FileSerializer(many=True, read_only=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "conversation",
            "direction",
            "author",
            "kind",
            "subject",
            "text",
            "buttons",
            "files",
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
    """What a POST takes: as JSON, or as multipart/form-data with a `file` beside or instead of the text."""

    conversation = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    text = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    file = serializers.FileField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Something must be said."""
        if not attrs.get("file") and not attrs.get("text", "").strip():
            raise serializers.ValidationError({"text": [_("Write something or attach a file.")]})
        return attrs


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("conversation", OpenApiTypes.INT),
            OpenApiParameter("contact", OpenApiTypes.INT),
        ]
    )
)
class Messages(mixins.ListModelMixin, mixins.RetrieveModelMixin, Endpoint):
    """`messages/`: `?conversation=`, `?contact=`; POST `{conversation, text}` sends as a colleague.

    As multipart/form-data it takes a `file` too. Files are fetched at `messages/<id>/files/<file id>/`.
    """

    serializer_class = MessageSerializer
    parser_classes = (JSONParser, MultiPartParser)

    def get_queryset(self) -> QuerySet[Message]:
        """The tenant's messages, narrowed by the query."""
        found: models.QuerySet[Message] = Message.objects.prefetch_related(
            Prefetch("files", MediaFile.objects.order_by("position"))
        )
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
        now, upload = clock.now(), asked.validated_data.get("file")
        try:
            files = [_handed_in(thread, upload, now=now)] if upload else []
            message = outbox.reply(
                thread,
                text=asked.validated_data.get("text", ""),
                by=None,
                key=f"api:{new_token(12)}",
                now=now,
                files=files,
            )
        except outbox.CannotWrite as error:
            raise serializers.ValidationError({"conversation": [str(error)]}) from error
        except uploads.CannotAttach as error:
            raise serializers.ValidationError({"file": [str(error)]}) from error
        return Response(MessageSerializer(message).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], url_path=r"files/(?P<file_id>[0-9]{1,18})")
    def file(self, request: Request, pk: str | None = None, file_id: str = "") -> Any:
        """The bytes of a file of a message; parts of it by `Range`."""
        found = get_object_or_404(MediaFile, message=self.get_object(), pk=int(file_id))
        return serving.answer(request._request, found)


def _handed_in(thread: Conversation, upload: UploadedFile, *, now: dt.datetime) -> MediaFile:
    return uploads.hand_in(
        upload,
        tenant_id=thread.tenant_id,
        owner=uploads.colleague(None),
        capabilities=uploads.capabilities_of(thread),
        now=now,
    )


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [
    ("contacts", Contacts),
    ("conversations", Conversations),
    ("messages", Messages),
]
