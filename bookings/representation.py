"""How the catalogue and visits look in the API, and what it takes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings import catalogue, hours, lifecycle
from bookings.models import Addon, Booking, BookingItem, BookingStatus, DayOff, Service, Staff
from kit import phones

_BIGGEST = 2**63 - 1


def iso(at: dt.datetime) -> str:
    """An instant with the offset of the active zone, as DRF's own fields write it."""
    text = timezone.localtime(at).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


class Ids(serializers.ListField):
    """Ids of rows."""

    child = serializers.IntegerField(min_value=1, max_value=_BIGGEST)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=50, **kwargs)


class _Id(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=_BIGGEST, **kwargs)


# ---------------------------------------------------------------- the catalogue
class _CatalogueSerializer(serializers.ModelSerializer[Any]):
    external_id = serializers.CharField(max_length=100, required=False, allow_blank=True)

    def validate_external_id(self, value: str) -> str:
        """The file's own id, once per list."""
        model: Any = self.Meta.model
        others = model.objects.filter(external_id=value).exclude(pk=getattr(self.instance, "pk", None))
        if value and others.exists():
            raise serializers.ValidationError(_("Another one has this id."))
        return value

    def create(self, validated_data: dict[str, Any]) -> Any:
        """The row with what hangs on it."""
        return self._saved(validated_data, super().create)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        """The row with what hangs on it."""
        return self._saved(
            validated_data, lambda fields: super(_CatalogueSerializer, self).update(instance, fields)
        )

    def _saved(self, data: dict[str, Any], save: Any) -> Any:
        hanging = {name: data.pop(name) for name in self.hanging if name in data}
        with transaction.atomic():
            row = save(data)
            self.hang(row, hanging)
        return type(row).objects.get(pk=row.pk)

    # Fields that are rows of their own.
    hanging: tuple[str, ...] = ()

    def hang(self, row: Any, hanging: dict[str, Any]) -> None:
        """Writes the rows that hang on this one."""


class ServiceSerializer(_CatalogueSerializer):
    """A line of the price list."""

    minutes = serializers.IntegerField(min_value=1, max_value=catalogue.LONGEST_MINUTES)
    buffer_minutes = serializers.IntegerField(
        min_value=0, max_value=catalogue.LONGEST_MINUTES, required=False
    )
    price = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))
    cost = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0), required=False)
    synonyms = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=100, required=False
    )
    staff = Ids(required=False)
    addons = Ids(required=False)

    class Meta:
        model = Service
        fields = (
            "id",
            "external_id",
            "name",
            "category",
            "minutes",
            "buffer_minutes",
            "price",
            "cost",
            "staff",
            "synonyms",
            "addons",
            "active",
        )

    hanging = ("staff", "addons")

    def to_representation(self, instance: Service) -> dict[str, Any]:
        """Links as ids."""
        instance.staff = [link.staff_id for link in instance.staff_links.all()]  # type: ignore[attr-defined]
        instance.addons = [link.addon_id for link in instance.addon_links.all()]  # type: ignore[attr-defined]
        return super().to_representation(instance)

    def validate_staff(self, ids: list[int]) -> list[Staff]:
        """Masters of this tenant."""
        return _own(Staff, ids)

    def validate_addons(self, ids: list[int]) -> list[Addon]:
        """Add-ons of this tenant."""
        return _own(Addon, ids)

    def hang(self, row: Service, hanging: dict[str, Any]) -> None:
        """Links to masters and add-ons."""
        if "staff" in hanging:
            catalogue.set_masters(row, hanging["staff"])
        if "addons" in hanging:
            catalogue.set_addons(row, hanging["addons"])


def _own(model: Any, ids: list[int]) -> list[Any]:
    rows = model.objects.in_bulk(ids)
    if missing := [one for one in ids if one not in rows]:
        raise serializers.ValidationError(_("There is none with the id %(id)d.") % {"id": missing[0]})
    return [rows[one] for one in dict.fromkeys(ids)]


class AddonSerializer(_CatalogueSerializer):
    """What is offered on top of a service."""

    minutes = serializers.IntegerField(min_value=0, max_value=catalogue.LONGEST_MINUTES, required=False)
    price = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0))
    cost = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal(0), required=False)
    script = serializers.CharField(max_length=2000, required=False, allow_blank=True)

    class Meta:
        model = Addon
        fields = ("id", "external_id", "name", "minutes", "price", "cost", "script", "active")


class DayOffSerializer(serializers.ModelSerializer[DayOff]):
    """Days without work, both included."""

    class Meta:
        model = DayOff
        fields = ("first_day", "last_day", "note")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """In order, and no longer than a calendar reaches."""
        if not 0 <= (attrs["last_day"] - attrs["first_day"]).days <= 3660:
            raise serializers.ValidationError({"last_day": _("The last day comes after the first.")})
        return attrs


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "example": {"mon": ["10:00", "14:00", "15:00", "20:00"]},
    }
)
class HoursField(serializers.Field[Any, Any, Any, Any]):
    """Weekly hours: pairs of start and end per weekday."""

    def get_attribute(self, instance: Staff) -> Staff:
        """The master itself."""
        return instance

    def to_representation(self, value: Staff) -> dict[str, list[str]]:
        """The written form."""
        return hours.format_week(value.hours.all())

    def to_internal_value(self, data: Any) -> list[hours.Shift]:
        """Shifts."""
        try:
            return hours.parse_week(data)
        except hours.BadHours as wrong:
            raise serializers.ValidationError(str(wrong)) from wrong


class StaffSerializer(_CatalogueSerializer):
    """A master."""

    hours = HoursField(required=False)
    days_off = DayOffSerializer(many=True, required=False, max_length=400)  # type: ignore[call-arg]

    class Meta:
        model = Staff
        fields = ("id", "external_id", "name", "hours", "days_off", "active")

    hanging = ("hours", "days_off")

    def hang(self, row: Staff, hanging: dict[str, Any]) -> None:
        """Hours and days off replace what was there."""
        if "hours" in hanging:
            hours.set_week(row, hanging["hours"])
        if "days_off" in hanging:
            hours.set_days_off(
                row, [(d["first_day"], d["last_day"], d.get("note", "")) for d in hanging["days_off"]]
            )


# ---------------------------------------------------------------- free times and visits
class SlotSerializer(serializers.Serializer[Any]):
    """A free start at a master."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    staff = serializers.IntegerField()


class SlotListSerializer(serializers.Serializer[Any]):
    """Free starts."""

    slots = SlotSerializer(many=True)


class SlotTakenSerializer(serializers.Serializer[Any]):
    """What is said to the one who came second."""

    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField()  # type: ignore[assignment]
    alternatives = serializers.ListField(child=serializers.DateTimeField())


class BookingItemSerializer(serializers.ModelSerializer[BookingItem]):
    """A service or an add-on of a visit."""

    service = serializers.IntegerField(source="service_id", allow_null=True)
    addon = serializers.IntegerField(source="addon_id", allow_null=True)

    class Meta:
        model = BookingItem
        fields = ("service", "addon", "name", "minutes", "price")


class BookingSerializer(serializers.ModelSerializer[Booking]):
    """A visit."""

    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    attendee = serializers.IntegerField(source="attendee_id", allow_null=True)
    staff = serializers.IntegerField(source="staff_id")
    lead = serializers.IntegerField(source="lead_id", allow_null=True)
    conversation = serializers.IntegerField(source="conversation_id", allow_null=True)
    items = BookingItemSerializer(many=True)
    status = serializers.ChoiceField(choices=BookingStatus.choices)

    class Meta:
        model = Booking
        fields = (
            "id",
            "contact",
            "attendee",
            "lead",
            "conversation",
            "staff",
            "items",
            "starts_at",
            "ends_at",
            "status",
            "total",
            "discount",
            "paid",
            "origin",
            "source",
            "client_confirmed_at",
            "hold_until",
            "note",
            "created_at",
        )
        read_only_fields = fields


class NewBookingSerializer(serializers.Serializer[Any]):
    """What a visit is made of: `contact`, or `name` and `phone`; services; a master or any."""

    contact = _Id(required=False, allow_null=True)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    attendee = _Id(required=False, allow_null=True)
    services = Ids(min_length=1)
    addons = Ids(required=False, default=list)
    staff = _Id(required=False, allow_null=True)
    starts_at = serializers.DateTimeField()
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    def validate_phone(self, value: str) -> str:
        """As E.164."""
        if not value:
            return ""
        phone = phones.normalise(value)
        if phone is None:
            raise serializers.ValidationError(_("This is no phone number: write it as +7 913 123-45-67."))
        return phone

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Somebody must come."""
        if not attrs.get("contact") and not attrs.get("phone"):
            raise serializers.ValidationError(
                {"contact": [_("Say who comes: a contact, or a name and a phone.")]}
            )
        return attrs


class MoveSerializer(serializers.Serializer[Any]):
    """Where a visit goes."""

    starts_at = serializers.DateTimeField(required=False)
    staff = _Id(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Something must change."""
        if not attrs.get("starts_at") and not attrs.get("staff"):
            raise serializers.ValidationError({"starts_at": [_("Say when, or to whom.")]})
        return attrs


class CancelSerializer(serializers.Serializer[Any]):
    """Who gives the time back, and why."""

    by = serializers.ChoiceField(choices=[lifecycle.SALON, lifecycle.CLIENT], default=lifecycle.SALON)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
