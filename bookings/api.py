"""This room's endpoints of /api/v1/: the catalogue, free times, visits."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from bookings import lifecycle, reserve, slots
from bookings.models import (
    Addon,
    Booking,
    BookingItem,
    BookingStatus,
    Service,
    ServiceAddon,
    ServiceStaff,
    Staff,
)
from bookings.representation import (
    AddonSerializer,
    BookingSerializer,
    CancelSerializer,
    MoveSerializer,
    NewBookingSerializer,
    ServiceSerializer,
    SlotListSerializer,
    SlotTakenSerializer,
    StaffSerializer,
    iso,
)
from conversations import contacts
from conversations.models import Contact
from tenants import clock, wall
from tenants.api import Conflict, Endpoint, number

# A list of free times answers for at most so many days at once.
MOST_DAYS = 62
_TAKEN = OpenApiResponse(SlotTakenSerializer, description="Somebody has that time; three free ones instead.")


class Missing(Conflict):
    """404 for an id in the request that is nobody's, or another tenant's."""

    status_code = status.HTTP_404_NOT_FOUND

    def __init__(self, field: str) -> None:
        super().__init__("not_found", _("Not found."), fields={field: [_("There is none with this id.")]})


class LocalTimes(Endpoint):
    """Times are written in the salon's zone, and read in it where they name none."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Chooses the zone once it is known whose token this is."""
        super().initial(request, *args, **kwargs)
        timezone.activate(wall.entered_tenant().zone)


def _found(model: type[models.Model], ids: list[int], field: str) -> list[Any]:
    """The rows with these ids, in this order.

    Raises:
        Missing: one is nobody's.
    """
    rows: dict[int, Any] = model._default_manager.in_bulk(set(ids))
    for one in ids:
        if one not in rows:
            raise Missing(field)
    return [rows[one] for one in ids]


def _refusal(refused: lifecycle.Refused) -> Exception:
    """How the API says what the domain refused."""
    if isinstance(refused, lifecycle.SlotTaken):
        starts = [iso(slot.starts_at) for slot in refused.alternatives]
        return Conflict(refused.code, refused.message, alternatives=starts)
    if isinstance(refused, lifecycle.BadTransition):
        return Conflict(refused.code, refused.message)
    return serializers.ValidationError({refused.field: [refused.message]}, code=refused.code)


# ---------------------------------------------------------------- the catalogue
class _Catalogue(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    LocalTimes,
):
    http_method_names = ("get", "post", "put", "patch", "head", "options")


class Services(_Catalogue):
    """`services/`: the price list."""

    serializer_class = ServiceSerializer

    def get_queryset(self) -> models.QuerySet[Service]:
        """The tenant's services with their links."""
        offered = ServiceAddon.objects.order_by("position", "id")
        return Service.objects.prefetch_related(
            models.Prefetch("staff_links", ServiceStaff.objects.order_by("staff_id")),
            models.Prefetch("addon_links", offered),
        )


class Addons(_Catalogue):
    """`addons/`: what is offered on top of a service."""

    serializer_class = AddonSerializer

    def get_queryset(self) -> models.QuerySet[Addon]:
        """The tenant's add-ons."""
        return Addon.objects.all()


class Masters(_Catalogue):
    """`staff/`: who is booked, with weekly hours and days off."""

    serializer_class = StaffSerializer

    def get_queryset(self) -> models.QuerySet[Staff]:
        """The tenant's masters."""
        return Staff.objects.prefetch_related("hours", "days_off")


# ---------------------------------------------------------------- free times
_IDS = "Ids, separated by commas"


class Slots(LocalTimes):
    """`slots/`: free starts for a request."""

    serializer_class = SlotListSerializer
    pagination_class = None

    @extend_schema(
        parameters=[
            OpenApiParameter("services", OpenApiTypes.STR, required=True, description=_IDS),
            OpenApiParameter("addons", OpenApiTypes.STR, description=_IDS),
            OpenApiParameter(
                "staff", OpenApiTypes.INT, description="One master; without it any who does it all"
            ),
            OpenApiParameter("from", OpenApiTypes.DATE, description="First local day; today when absent"),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last local day; a week when absent"),
        ],
        responses=forced_singular_serializer(SlotListSerializer),
    )
    def list(self, request: Request) -> Response:
        """Free starts, soonest first; one start may stand once for each master."""
        given = request.query_params
        services = _found(Service, _ids(given.get("services"), "services"), "services")
        if not services:
            raise serializers.ValidationError({"services": [_("Name at least one service.")]})
        addons = _found(Addon, _ids(given.get("addons"), "addons"), "addons")
        staff_id = number(given, "staff")
        staff = _found(Staff, [staff_id], "staff")[0] if staff_id else None
        now = clock.now()
        today = timezone.localdate(now)
        first = _day(given.get("from"), "from") or today
        last = _day(given.get("to"), "to") or max(first, today) + dt.timedelta(days=6)
        if last < first or (last - first).days >= MOST_DAYS:
            raise serializers.ValidationError(
                {"to": [_("Ask for one to %(most)d days at once.") % {"most": MOST_DAYS}]}
            )
        first, last = max(first, today), min(last, today + reserve.FURTHEST)
        found = []
        if first <= last:
            found = slots.find(
                services=services, addons=addons, staff=staff, first_day=first, last_day=last, now=now
            )
        # By hand, each instant once: a serializer takes ten times as long over two thousand rows.
        written = {at: iso(at) for at in {at for slot in found for at in slot[:2]}}
        return Response(
            {
                "slots": [
                    {"starts_at": written[s.starts_at], "ends_at": written[s.ends_at], "staff": s.staff_id}
                    for s in found
                ]
            }
        )


def _ids(text: str | None, field: str) -> list[int]:
    try:
        ids = [int(part) for part in (text or "").split(",") if part.strip()]
    except ValueError:
        raise serializers.ValidationError({field: [_("Write ids separated by commas.")]}) from None
    if len(ids) > 50:
        raise serializers.ValidationError({field: [_("Too many at once.")]})
    return ids


def _day(text: str | None, field: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise serializers.ValidationError({field: [_("Write a date as 2026-11-30.")]}) from None


# ---------------------------------------------------------------- visits
@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("contact", OpenApiTypes.INT),
            OpenApiParameter("staff", OpenApiTypes.INT),
            OpenApiParameter("status", OpenApiTypes.STR, description="One or several, separated by commas"),
            OpenApiParameter("from", OpenApiTypes.DATE, description="First local day of the visits"),
            OpenApiParameter("to", OpenApiTypes.DATE, description="Last local day of the visits"),
        ]
    )
)
class Bookings(mixins.ListModelMixin, mixins.RetrieveModelMixin, LocalTimes):
    """`bookings/`: visits, newest first, and the steps of their life."""

    serializer_class = BookingSerializer

    def get_queryset(self) -> models.QuerySet[Booking]:
        """The tenant's visits, narrowed by the query of a list."""
        items = BookingItem.objects.order_by("position", "id")
        found = Booking.objects.prefetch_related(models.Prefetch("items", items))
        if self.action != "list":
            return found
        given = self.request.query_params
        for field in ("contact", "staff"):
            if one := number(given, field):
                found = found.filter(**{f"{field}_id": one})
        if wanted := given.get("status"):
            found = found.filter(status__in=[s for s in wanted.split(",") if s in BookingStatus.values])
        if first := _day(given.get("from"), "from"):
            found = found.filter(local_day__gte=first)
        if last := _day(given.get("to"), "to"):
            found = found.filter(local_day__lte=last)
        return found

    @extend_schema(request=NewBookingSerializer, responses={201: BookingSerializer, 409: _TAKEN})
    def create(self, request: Request) -> Response:
        """Books any free minute within working hours; 409 with three free starts when somebody has the time."""
        asked = NewBookingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        now = clock.now()
        services = _found(Service, wish["services"], "services")
        addons = _found(Addon, wish["addons"], "addons")
        staff = _found(Staff, [wish["staff"]], "staff")[0] if wish.get("staff") else None
        attendee = _found(Contact, [wish["attendee"]], "attendee")[0] if wish.get("attendee") else None
        if wish.get("contact"):
            contact = _found(Contact, [wish["contact"]], "contact")[0]
        else:
            contact = contacts.by_phone(wish["phone"], name=wish.get("name", ""), now=now)
        try:
            booking = lifecycle.book(
                contact=contact,
                attendee=attendee,
                services=services,
                addons=addons,
                staff=staff,
                starts_at=wish["starts_at"],
                now=now,
                origin="desk",
                by=lifecycle.SALON,
                note=wish["note"],
            )
        except lifecycle.Refused as refused:
            raise _refusal(refused) from refused
        return Response(self._told(booking), status=status.HTTP_201_CREATED)

    @extend_schema(request=MoveSerializer, responses={200: BookingSerializer, 409: _TAKEN})
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Another time, another master, or both."""
        booking = self.get_object()
        asked = MoveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = asked.validated_data
        staff = _found(Staff, [wish["staff"]], "staff")[0] if wish.get("staff") else None
        return self._made(
            lifecycle.move,
            booking,
            starts_at=wish.get("starts_at") or booking.starts_at,
            staff=staff,
            by=lifecycle.SALON,
        )

    @extend_schema(request=CancelSerializer, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Gives the time back; `by: client` makes a short notice count as late."""
        booking = self.get_object()
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return self._made(lifecycle.cancel, booking, **asked.validated_data)

    @extend_schema(request=None, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def arrive(self, request: Request, pk: str) -> Response:
        """The client is here."""
        return self._made(lifecycle.arrive, self.get_object())

    @extend_schema(request=None, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: str) -> Response:
        """The visit took place."""
        return self._made(lifecycle.complete, self.get_object())

    @extend_schema(request=None, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def no_show(self, request: Request, pk: str) -> Response:
        """The client did not come."""
        return self._made(lifecycle.no_show, self.get_object())

    @extend_schema(request=None, responses=BookingSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Takes back the last mark: arrived, completed, did not come, cancelled."""
        return self._made(lifecycle.reopen, self.get_object())

    def _made(self, step: Any, booking: Booking, **how: Any) -> Response:
        try:
            step(booking, now=clock.now(), **how)
        except lifecycle.Refused as refused:
            raise _refusal(refused) from refused
        return Response(self._told(booking))

    def _told(self, booking: Booking) -> Any:
        return self.get_serializer(self.get_queryset().get(pk=booking.pk)).data


ENDPOINTS: list[tuple[str, type[Endpoint]]] = [
    ("services", Services),
    ("addons", Addons),
    ("staff", Masters),
    ("slots", Slots),
    ("bookings", Bookings),
]
