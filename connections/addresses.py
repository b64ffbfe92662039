"""Addresses of an account: where clients find it, where its provider posts to, what goes onto the owner's site."""

from __future__ import annotations

from django.conf import settings

from connections import accounts
from connections.models import Connection


def public_address(connection: Connection) -> str:
    """Where clients find the channel, "" where there is no such address."""
    if connection.kind == "webchat":
        return f"{settings.PUBLIC_URL}/w/{accounts.token_of(connection)}/"
    if connection.kind == "form":
        return ""  # requests are posted to it; nobody writes there
    base = str(connection.account.get("link_base") or "")
    return base if base.startswith(("https://", "http://")) else ""


def hook_address(connection: Connection) -> str:
    """Where the provider posts to. Whoever knows it can write into the inbox of some kinds: for the owner alone."""
    return settings.PUBLIC_URL + accounts.hook_path(connection)


def snippet(connection: Connection) -> str:
    """The line for the owner's own site."""
    if connection.kind != "webchat":
        return ""
    return f'<script async src="{settings.PUBLIC_URL}/w/{accounts.token_of(connection)}.js"></script>'


def reachable() -> bool:
    """Whether providers can reach this installation: they ask for https and a name of the internet."""
    return settings.PUBLIC_URL.startswith("https://")
