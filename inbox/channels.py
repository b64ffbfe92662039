"""Owners are told of a channel that needs them: their alerts lead to its page."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from connections import condition
from connections.models import Connection
from inbox import alerts
from integrations import registry
from tenants import wall


def tell(connection: Connection, *, key: str, subject: str, text: str, now: dt.datetime) -> None:
    """An alert to every owner; the same key is told once."""
    alerts.raise_for_owners(key=key, subject=subject, text=text, path=_page_of(connection), now=now)


def tell_broken(connection: Connection, *, now: dt.datetime) -> None:
    """The key is dead: until there is a new one, nothing goes out."""
    with translation.override(wall.entered_tenant().language):
        names = {"name": connection.name or connection.kind, "provider": condition.provider_of(connection)}
        tell(
            connection,
            key=f"channel:{connection.pk}:token:{now:%Y%m%d%H%M%S}",
            subject=_("%(name)s does not work: the key is no longer accepted") % names,
            text=_(
                "Answers wait until there is a new one. Make it at %(provider)s and put it into the settings: what"
                " waited goes out by itself then."
            )
            % names,
            now=now,
        )


def _page_of(connection: Connection) -> str:
    if connection.kind in registry.channels:
        return reverse("connections:detail", args=[connection.pk])
    return reverse("sync:index")
