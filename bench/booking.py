"""Free times over the API: ten masters, thirty days, a thousand visits among them."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import time
from collections.abc import Iterator

from bench import measure

MASTERS, DAYS, BOOKINGS = 10, 30, 1000
REPEATS = 120
LIMIT_SECONDS = 0.05


def slots() -> Iterator[measure.Figure]:
    """`slots`, seconds of `GET /api/v1/slots/`, the slowest of a hundred."""
    from django.test import Client

    path, token, found = _salon()
    client, waits = Client(SERVER_NAME="127.0.0.1"), []
    for number in range(REPEATS + 5):
        started = time.perf_counter()
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        if number >= 5:
            waits.append(time.perf_counter() - started)
        if answer.status_code != 200 or not answer.json()["slots"]:
            raise RuntimeError(f"slots: {answer.status_code}")
    starts = len(answer.json()["slots"])
    note = f"p50 {measure.percentile(waits, 0.5) * 1000:.0f} ms, {starts} starts, {found} visits"
    value = measure.percentile(waits, 0.99)
    yield measure.Figure("slots", value, "s", "promised", LIMIT_SECONDS, "≤ 1", note)


def _salon() -> tuple[str, str, int]:
    from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

    from bookings import catalogue
    from bookings.models import Booking, Service, Staff
    from tenants import clock, people, wall
    from tenants.models import User, new_token

    owner = User.objects.create_user("slots@bench.invalid")
    tenant = people.create_tenant(
        slug="slots", name="Slots", owner=owner, industry="empty", timezone="Asia/Omsk"
    )
    with wall.tenant_tx(tenant.pk):
        names = [f"master-{number}" for number in range(MASTERS)]
        week = {day: ["10:00", "20:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
        service = {"id": "cut", "name": "Cut", "minutes": 60, "price": "1500", "staff": names}
        catalogue.import_catalogue(
            {"staff": [{"id": name, "name": name, "hours": week} for name in names], "services": [service]}
        )
        now = clock.now()
        first = now.astimezone(tenant.zone).date() + dt.timedelta(days=1)
        masters = list(Staff.objects.values_list("pk", flat=True))
        hours = list(itertools.product(range(DAYS), range(10, 20), masters))
        rows = []
        for day, hour, staff in random.Random(1).sample(hours, BOOKINGS):
            local = dt.datetime.combine(first + dt.timedelta(days=day), dt.time(hour), tenant.zone)
            starts = local.astimezone(dt.UTC)
            ends = starts + dt.timedelta(hours=1)
            rows.append(
                Booking(
                    staff_id=staff,
                    starts_at=starts,
                    ends_at=ends,
                    during=DateTimeTZRange(starts, ends),
                    local_day=local.date(),
                    total=1500,
                    public_token=new_token(18),
                    created_at=now,
                )
            )
        found = len(Booking.objects.bulk_create(rows))
        token = people.issue_token().token
        wanted = Service.objects.get(external_id="cut").pk
    last = first + dt.timedelta(days=DAYS - 1)
    return f"/api/v1/slots/?services={wanted}&from={first}&to={last}", token, found
