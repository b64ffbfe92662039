"""`manage.py economics SLUG --from D --to D`: the report, the same JSON as the API gives."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from economics import question, report
from tenants import clock, lookup, wall


class Command(BaseCommand):
    """See the module."""

    help = "Prints the figures of a period."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        parser.add_argument("slug")
        parser.add_argument("--from", required=True)
        parser.add_argument("--to", required=True)
        parser.add_argument("--by", choices=question.BREAKDOWNS)
        parser.add_argument("--attribution", choices=question.ATTRIBUTIONS, default="last")
        parser.add_argument("--as-of", dest="as_of")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        with wall.tenant_tx(tenant_id):
            try:
                asked = question.read(options, tenant=wall.entered_tenant(), now=clock.now())
            except question.BadQuestion as error:
                raise CommandError(f"--{error.field.replace('_', '-')}: {error}", returncode=2) from error
            self.stdout.write(json.dumps(report.answer(asked), ensure_ascii=False))
