"""`manage.py bench_data`: rows by the thousand for measuring."""

from __future__ import annotations

import collections
import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from onboarding import bulk
from tenants import clock, lookup, people, wall
from tenants.models import User


class Command(BaseCommand):
    """Prints counts of what was made."""

    help = "Makes tenants with a year of leads, or one visit for each contact of a tenant."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        parser.add_argument("--tenants", type=int, help="how many tenants to make")
        parser.add_argument("--leads", type=int, help="how many leads they have in all")
        parser.add_argument("--tenant", metavar="SLUG")
        parser.add_argument("--bookings-for-contacts", action="store_true")
        parser.add_argument("--starts-in-seconds", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        if options["tenant"]:
            counts = self._book(options)
        elif options["tenants"] and options["leads"] is not None:
            counts = self._make(options["tenants"], options["leads"])
        else:
            raise CommandError(
                "give --tenants N --leads M, or --tenant SLUG --bookings-for-contacts …", returncode=2
            )
        self.stdout.write(json.dumps(counts))

    def _make(self, tenants: int, leads: int) -> dict[str, int]:
        total: collections.Counter[str] = collections.Counter(tenants=tenants)
        for number in range(tenants):
            slug = self._free_slug()
            owner = User.objects.create_user(f"{slug}@bench.invalid")
            tenant = people.create_tenant(
                slug=slug, name=slug, owner=owner, industry="empty", timezone="Asia/Omsk"
            )
            share = leads // tenants + (number < leads % tenants)
            if share:
                with wall.tenant_tx(tenant.pk):
                    total.update(bulk.fill(leads=share, now=clock.now()))
        return dict(total)

    def _free_slug(self) -> str:
        number = 1
        while lookup.tenant_by_slug(f"bench-{number}") is not None:
            number += 1
        return f"bench-{number}"

    def _book(self, options: dict[str, Any]) -> dict[str, int]:
        if not options["bookings_for_contacts"] or options["starts_in_seconds"] is None:
            raise CommandError("--tenant wants --bookings-for-contacts --starts-in-seconds S", returncode=2)
        tenant_id = lookup.tenant_by_slug(options["tenant"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['tenant']}")
        with wall.tenant_tx(tenant_id):
            return bulk.book_everybody(
                starts_in=dt.timedelta(seconds=options["starts_in_seconds"]), now=clock.now()
            )
