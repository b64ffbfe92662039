"""Every URL of the house, walked by every role of a stranger with the ids of another tenant's rows.

A new URL with an argument that has no example here fails; so does one that shows, changes or admits a foreign row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection, models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tenants import wall
from tenants.models import Role
from tests.conftest import Api, Person, Salon, make_colleague, token_of
from tests.house.planting import MARKER, Garden

# Paths that belong to libraries and take no row of a tenant.
FOREIGN_ROOTS = ("accounts/",)
# Addresses that are themselves the permission: whoever holds them may see what is behind them, each with its reason.
CAPABILITIES = {
    "public": "the booking page of a salon is for everybody",
    "follow": "a link on a flyer is for everybody, and counts who follows it",
    "messengers": "the way from a visit's SMS into a messenger, by the visit's own token",
    "chat": "the site chat of a salon is for everybody",
    "chat-messages": "shows the visitor's own thread by the visitor's own token",
    "chat-seen": "the same",
    "chat-typing": "the same",
    "chat-go-on": "gives the visitor the way back into their own thread",
    "chat-files": "takes a file from whoever shows the visitor's own token",
    "widget": "the line for the salon's site",
}
# Arguments that name no row.
WORDS = {"kind": "telegram", "step": "crm"}
# Tokens that nobody was given: guessing must lead nowhere.
GUESSES = {
    "token": "AAAAAAAAAAAAAAAAAAAAAAAA",
    "file": "AAAAAAAAAAAAAAAAAAAAAAAA",
    "proof": "AAAAAAAAAAAAAAAAAAAAAAAA",
}


def row(label: str) -> Callable[[Garden], Any]:
    """The key of the planted row of a model."""
    return lambda garden: garden.rows[label].pk


# Where an address begins → what its arguments name; the longest beginning wins.
EXAMPLES: dict[str, dict[str, Callable[[Garden], Any]]] = {
    "inbox/": {
        "conversation_id": row("conversations.Conversation"),
        "message_id": row("conversations.Message"),
        "note_id": row("conversations.Note"),
        "lead_id": row("leads.Lead"),
        "task_id": row("leads.Task"),
        "booking_id": row("bookings.Booking"),
        "connection_id": row("connections.Connection"),
        "file_id": row("conversations.MediaFile"),
        "suggestion_id": row("conversations.MergeSuggestion"),
        "merge_id": row("conversations.Merge"),
        "group_id": row("inbox.StaffGroup"),
    },
    "calendar/": {"pk": row("bookings.Booking")},
    "catalogue/services/": {"pk": row("bookings.Service")},
    "catalogue/addons/": {"pk": row("bookings.Addon")},
    "catalogue/masters/": {"pk": row("bookings.Staff"), "day_off": row("bookings.DayOff")},
    "money/spend/": {"pk": row("economics.Spend")},
    "calls/": {"pk": row("bookings.Booking")},
    "team/": {"pk": row("tenants.Membership")},
    "team/links/": {"pk": row("tenants.JoinLink")},
    "channels/": {"pk": row("connections.Connection"), "event_id": row("connections.InboundEvent")},
    "links/": {"pk": row("leads.TrackedLink")},
    "crm/links/": {"pk": row("sync.Link")},
    "api/v1/contacts": {"pk": row("conversations.Contact")},
    "api/v1/conversations": {"pk": row("conversations.Conversation")},
    "api/v1/messages": {"pk": row("conversations.Message"), "file_id": row("conversations.MediaFile")},
    "api/v1/leads": {"pk": row("leads.Lead")},
    "api/v1/tasks": {"pk": row("leads.Task")},
    "api/v1/inbound-events": {"pk": row("connections.InboundEvent")},
    "api/v1/services": {"pk": row("bookings.Service")},
    "api/v1/addons": {"pk": row("bookings.Addon")},
    "api/v1/staff": {"pk": row("bookings.Staff")},
    "api/v1/bookings": {"pk": row("bookings.Booking")},
    "api/v1/reminders": {"pk": row("reminders.Reminder")},
    "api/v1/spend": {"pk": row("economics.Spend")},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(path with its arguments, pattern) of every URL."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        else:
            yield path, entry


def clean(path: str) -> str:
    """A path as people write it, without the marks of a regular expression."""
    return path.replace("^", "").replace("$", "").replace("\\Z", "")


def address(path: str, pattern: URLPattern, garden: Garden) -> str | None:
    """The URL with the other tenant's keys filled in; None for a variant by suffix that DRF makes."""
    arguments = list(pattern.pattern.converters) or list(pattern.pattern.regex.groupindex)
    if not arguments:
        return "/" + clean(path)
    if "format" in arguments:
        return None
    filled = clean(path)
    prefix = max((p for p in EXAMPLES if filled.startswith(p)), key=len, default="")
    examples = EXAMPLES.get(prefix, {})
    for name in arguments:
        if name in examples:
            value = str(examples[name](garden))
        else:
            known = WORDS.get(name) or GUESSES.get(name)
            assert known, f"{path}: no example for {name!r} in tests/house/test_urls.py"
            value = known
        filled = _filled(filled, name, value)
    assert "<" not in filled, f"{path}: could not be filled: {filled}"
    return "/" + filled


def _filled(path: str, name: str, value: str) -> str:
    """A path with an argument filled in, written as a converter or as a regular expression."""
    return re.sub(rf"<(?:\w+:)?{name}>|\(\?P<{name}>[^)]*\)", value, path).replace("\\.", ".")


@pytest.fixture
def garden(db: None, other_salon: Salon) -> Garden:
    garden = Garden(other_salon)
    garden.plant_all()
    return garden


def fingerprint(salon: Salon) -> dict[str, str]:
    """A digest of every row of a tenant, table by table."""
    found = {}
    with salon.work(), connection.cursor() as cursor:
        for model in wall.tenant_models():
            table = model._meta.db_table
            cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY id), '') FROM \"{table}\" t")
            found[table] = hashlib.md5(cursor.fetchone()[0].encode()).hexdigest()
    return found


def foreign_ids(garden: Garden) -> dict[str, int]:
    """Ids of the other tenant's rows under every name a request might use for them."""
    named = {model.lower().split(".")[1]: row.pk for model, row in garden.rows.items()}
    return named | {f"{name}_id": pk for name, pk in named.items()}


@pytest.fixture
def unscoped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ORM scope switched off, as if a programmer had forgotten it everywhere."""
    monkeypatch.setattr(wall.TenantManager, "get_queryset", models.Manager.get_queryset)


@pytest.mark.parametrize("layer", ["both layers", "row-level security alone"])
def test_no_url_shows_or_changes_another_tenants_row(
    layer: str, garden: Garden, salon: Salon, request: pytest.FixtureRequest
) -> None:
    before = fingerprint(garden.salon)
    visitors: dict[str, Any] = {"stranger": Client()}
    for role in Role:
        visitors[role.value] = Person(make_colleague(salon, email=f"{role}@example.com", role=role), salon)
    tokens = {role.value: Api(token_of(salon, role)) for role in Role}
    if layer != "both layers":
        request.getfixturevalue("unscoped")
    ids = foreign_ids(garden)
    wrong = []
    for path, pattern in patterns():
        if clean(path).startswith(FOREIGN_ROOTS) or str(pattern.name) in CAPABILITIES:
            continue
        url = address(path, pattern, garden)
        if url is None:
            continue
        arguments = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        takes_row = bool(arguments - WORDS.keys())
        callers = tokens if url.startswith("/api/v1/") else visitors
        for who, visitor in callers.items():
            for method in METHODS:
                answer = _ask(visitor, method, url, ids)
                assert not connection.needs_rollback, (
                    f"{who} {method} {url} broke the transaction it stands in"
                )
                said = _text(answer)
                if MARKER in said or MARKER.lower() in said:
                    wrong.append(f"{who} {method} {url}: shows a row of another tenant")
                if takes_row and 200 <= answer.status_code < 300:
                    wrong.append(f"{who} {method} {url}: {answer.status_code}")
                if answer.status_code >= 500:
                    wrong.append(f"{who} {method} {url}: {answer.status_code}")
    request.node.add_report_section("call", "wrong", "\n".join(wrong))
    assert not wrong, "\n".join(sorted(set(wrong))[:40])
    assert fingerprint(garden.salon) == before


def _ask(visitor: Any, method: str, url: str, ids: dict[str, int]) -> Any:
    if isinstance(visitor, Api):
        query = "&".join(f"{name}={value}" for name, value in ids.items()) if method == "GET" else ""
        return visitor.call(method, f"{url}?{query}" if query else url, None if method == "GET" else ids)
    visitor.raise_request_exception = False
    if method == "GET":
        return visitor.get(url, ids)
    return visitor.generic(method, url, json.dumps(ids), content_type="application/json")


def _text(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="replace") + str(dict(answer.headers))


def test_every_path_of_the_api_wants_a_token(db: None) -> None:
    for path, _pattern in patterns():
        if clean(path).startswith("api/v1/"):
            url = "/" + clean(path).replace("(?P<pk>[^/.]+)", "1")
            if "(?P" not in url:
                assert Client().get(url).status_code == 401, url


def test_the_owner_of_the_tables_does_not_run_the_suite(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app_rw",)
    assert psycopg2.extensions.parse_dsn(settings.INGEST_DATABASE_URL)["user"] == "app_ingest"
