"""`manage.py connection create SLUG KIND [--set KEY=VALUE …] [--connect]`: an outside account from the command line."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from connections import accounts, connect
from integrations import registry
from integrations.errors import FAILURES
from tenants import lookup, wall


class Command(BaseCommand):
    """See the module; needs no network unless `--connect` asks the provider."""

    help = "Makes a connection to an outside account."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create")
        create.add_argument("slug")
        create.add_argument("kind")
        create.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="pairs")
        create.add_argument("--name", default="")
        create.add_argument("--connect", action="store_true", help="check the token and register the webhook")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        pairs = [pair.partition("=") for pair in options["pairs"]]
        if any(not separator for _, separator, _ in pairs):
            raise CommandError("--set takes KEY=VALUE", returncode=2)
        settings = {key: value for key, _, value in pairs}
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        try:
            with wall.tenant_tx(tenant_id):
                made = accounts.create(options["kind"], settings=settings, name=options["name"])
                made_id = made.pk
                found = {"id": made_id, "kind": made.kind, "hook_path": accounts.hook_path(made)}
        except registry.UnknownKind as error:
            raise CommandError(
                f"there is no kind {error}; there are {', '.join(registry.kinds())}"
            ) from error
        except ValidationError as error:
            lines = error.message_dict.items() if hasattr(error, "error_dict") else [("", error.messages)]
            raise CommandError("; ".join(f"{key}: {' '.join(texts)}" for key, texts in lines)) from error
        if options["connect"]:
            try:
                connect.register(tenant_id, made_id)
            except FAILURES as error:
                raise CommandError(f"the provider says: {error}") from error
        self.stdout.write(json.dumps(found))
