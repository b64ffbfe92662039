"""`manage.py tenant create|token`: tenants and API tokens from the command line."""

from __future__ import annotations

import json
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from tenants import lookup, people, wall
from tenants.models import Role, User


class Command(BaseCommand):
    """See the module; results are JSON on stdout."""

    help = "Makes a tenant with its owner, or another API token of one."

    def add_arguments(self, parser: Any) -> None:
        """The contract's arguments."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create")
        create.add_argument("slug")
        create.add_argument("--name", required=True)
        create.add_argument("--email", required=True)
        create.add_argument("--password", required=True)
        industries = ["salon", "barbershop", "clinic", "tutor", "empty"]
        create.add_argument("--industry", choices=industries, default="empty")
        create.add_argument("--timezone", default="Asia/Omsk")
        token = verbs.add_parser("token")
        token.add_argument("slug")
        token.add_argument("--role", choices=[role.value for role in Role], default="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        found = self._create(options) if options["verb"] == "create" else self._token(options)
        self.stdout.write(json.dumps(found))

    def _create(self, options: dict[str, Any]) -> dict[str, Any]:
        try:
            with transaction.atomic():
                email = options["email"].lower()
                owner = User.objects.filter(email=email).first()
                owner = owner or User.objects.create_user(email, options["password"])
                # The operator vouches for the address: no code is sent.
                EmailAddress.objects.get_or_create(
                    user=owner, email=email, defaults={"verified": True, "primary": True}
                )
                tenant = people.create_tenant(
                    slug=options["slug"],
                    name=options["name"],
                    owner=owner,
                    industry=options["industry"],
                    timezone=options["timezone"],
                )
                with wall.tenant_tx(tenant.pk):
                    token = people.issue_token().token
        except people.SlugTaken as error:
            raise CommandError(f"the slug {error} is taken") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        return {"slug": tenant.slug, "id": tenant.pk, "token": token}

    def _token(self, options: dict[str, Any]) -> dict[str, Any]:
        tenant_id = lookup.tenant_by_slug(options["slug"])
        if tenant_id is None:
            raise CommandError(f"there is no tenant {options['slug']}")
        with wall.tenant_tx(tenant_id):
            return {"token": people.issue_token(role=Role(options["role"])).token}
