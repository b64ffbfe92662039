"""`manage.py catalog import SLUG FILE.json`: the price list, masters and their hours from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings import catalogue
from tenants import lookup, wall


class Command(BaseCommand):
    """See the module; prints how many rows of each list the file holds."""

    help = "Takes services, add-ons and masters from a file; importing again updates."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        taken = verbs.add_parser("import")
        taken.add_argument("slug")
        taken.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        try:
            data = json.loads(options["file"].read_bytes())
            with wall.tenant_tx(tenant_id):
                counts = catalogue.import_catalogue(data)
        except (OSError, ValueError, RecursionError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        self.stdout.write(json.dumps(counts))
