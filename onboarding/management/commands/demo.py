"""`manage.py demo load|clear SLUG`: the demo tenant with three months of believable history."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from onboarding.demo import tenant as demo
from tenants import lookup


class Command(BaseCommand):
    """A second `load` keeps what is there."""

    help = "Makes or empties the demo tenant."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        parser.add_argument("verb", choices=["load", "clear"])
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        slug = options["slug"]
        if options["verb"] == "load":
            told = demo.load(slug)
            told["url"] = settings.PUBLIC_URL
        else:
            tenant_id = lookup.tenant_by_slug(slug)
            if tenant_id is None:
                raise CommandError(f"there is no tenant {slug}")
            try:
                told = demo.clear(tenant_id)
            except demo.NotDemo as error:
                raise CommandError(f"{slug} is no demo: it is not cleared") from error
        self.stdout.write(json.dumps(told))
