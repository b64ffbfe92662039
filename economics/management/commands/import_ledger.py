"""`manage.py import_ledger SLUG FILE.json`: a salon's history, all or nothing; nothing is sent because of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from economics.ledger import refusal, writing
from kit import safejson
from tenants import clock, lookup, wall


class Command(BaseCommand):
    """See the module; prints how many rows of each list are there now."""

    help = "Takes contacts, leads, visits, spend and money from a file; importing again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        try:
            document = safejson.loads(options["file"].read_bytes())
            with wall.tenant_tx(tenant_id):
                counts = writing.import_ledger(document, tenant=wall.entered_tenant(), now=clock.now())
        except (OSError, safejson.Malformed, refusal.Refused) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        if _schedule(document):
            self.stderr.write("schedule: read over; working time of the past is not counted yet")
        self.stdout.write(json.dumps(counts))


def _schedule(document: Any) -> bool:
    ledger = document.get("ledger", document) if isinstance(document, dict) else {}
    return bool(ledger.get("schedule"))
