"""`/hooks/<kind>/<token>/`: the one durable door for everything that comes in from outside.

A thin ASGI function in front of Django. It verifies the signature on the raw bytes, stores them and only then gives
the provider's exact acknowledgement. Nothing is parsed before it is stored.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import datetime as dt
import logging
import re
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import psycopg2
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from prometheus_client import Counter

from connections import accounts, events, gather, quarantine, spool
from integrations import registry
from integrations.protocols.channel import Channel, HookReply, HookRequest
from tenants import secrets
from tenants.models import digest

log = logging.getLogger(__name__)

MOST_BODY = 1024 * 1024
BODY_SECONDS = 10.0
ASK_SECONDS = 3.0
ADDRESS = re.compile(r"/hooks/([a-z0-9_]{1,20})/([A-Za-z0-9_-]{16,64})(?:/(.*))?")
KNOWN_SECONDS, UNKNOWN_SECONDS = 30.0, 5.0
# A wrong signature may mean that the secret is being changed: the account is asked for again, at most so often.
DOUBT_SECONDS = 2.0
MOST_CACHED = 20_000

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

received = Counter("marzha_hook_requests_total", "Requests at the hooks by outcome", ["kind", "outcome"])


@dataclasses.dataclass(frozen=True)
class Account:
    """The connection behind a hook's token."""

    tenant_id: int
    connection_id: int
    kind: str
    settings: dict[str, str]


class Accounts:
    """Token → account, kept for a moment so that an event costs one trip to the database."""

    def __init__(self) -> None:
        self._cache: dict[bytes, tuple[float, Account | None]] = {}
        self._local = threading.local()

    def cached(self, token_hash: bytes) -> tuple[bool, Account | None]:
        """(known, account)."""
        until, account = self._cache.get(token_hash, (0.0, None))
        return until > time.monotonic(), account

    def stale(self, token_hash: bytes) -> Account | None:
        """The account as it was last known, for when the database cannot be asked."""
        return self._cache.get(token_hash, (0.0, None))[1]

    def young(self, token_hash: bytes) -> bool:
        """Whether it was asked for just now, so that asking again would tell nothing new."""
        until, _account = self._cache.get(token_hash, (0.0, None))
        return until - time.monotonic() > KNOWN_SECONDS - DOUBT_SECONDS

    def ask(self, token_hash: bytes) -> Account | None:
        """Asks the database. Raises psycopg2.Error when it is away."""
        account = self._resolved(token_hash)
        if len(self._cache) > MOST_CACHED:
            self._cache.clear()
        life = KNOWN_SECONDS if account else UNKNOWN_SECONDS
        self._cache[token_hash] = (time.monotonic() + life, account)
        return account

    def _resolved(self, token_hash: bytes) -> Account | None:
        connection = getattr(self._local, "connection", None)
        if connection is not None and not connection.closed:
            try:
                return resolve(connection, token_hash)
            except psycopg2.Error:
                connection.close()  # a server restart breaks a lasting connection once
        connection = self._local.connection = events.connect()
        return resolve(connection, token_hash)


def resolve(connection: Any, token_hash: bytes) -> Account | None:
    """The account of a token, by the ingest role's one function."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM resolve_hook(%s)", [psycopg2.Binary(token_hash)])
        found = cursor.fetchone()
    if found is None:
        return None
    tenant_id, connection_id, kind, sealed = found
    return Account(
        tenant_id, connection_id, kind, accounts.open_settings(sealed, tenant_id=tenant_id, kind=kind)
    )


class Door:
    """The ASGI application."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.gatherer = gather.Gatherer()
        self.spool = spool.Writer()
        self.quarantine = quarantine.Quarantine()
        # Threads of their own: a database that hangs must not keep anybody from the spool.
        self._asking = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="hooks-ask")
        self._spooling = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="hooks-spool")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        reply = await self._answer(scope, receive)
        headers = [
            (k.lower().encode("latin-1"), v.encode("latin-1", "replace")) for k, v in reply.headers.items()
        ]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> HookReply:
        address = ADDRESS.fullmatch(scope["path"])
        if address is None or address[1] not in registry.channels:
            return _plain(404, "unknown channel")
        kind, token, subpath = address[1], address[2], address[3] or ""
        body = await _body(scope, receive)
        if isinstance(body, HookReply):
            received.labels(kind, "too_large" if body.status == 413 else "too_slow").inc()
            return body
        request = HookRequest(
            method=scope["method"],
            subpath=subpath,
            query=_query(scope),
            headers=_headers(scope),
            body=body,
            url=_public_url(scope),
        )
        wire = registry.channel(kind)
        now = dt.datetime.now(dt.UTC)
        try:
            account = await self._account(digest(token))
        except (psycopg2.Error, TimeoutError, secrets.CannotOpen) as error:
            # Whose it is cannot be known now: keep it, check the signature at draining.
            log.warning("hooks: the account could not be asked for: %s", str(error).strip())
            return await self._spool(wire, {}, spool.Kept(kind, token, request, now, verified=False))
        if account is None or account.kind != kind:
            received.labels(kind, "unknown").inc()
            return _plain(404, "unknown channel")
        handshake = wire.handshake(account.settings, request)
        if handshake is not None:
            return await self._rendered(handshake)
        if request.method not in wire.hook_methods:
            return _plain(405, "method not allowed", allow=", ".join(wire.hook_methods))
        if not wire.verify(account.settings, request):
            fresh = await self._afresh(digest(token))
            if fresh is None or not wire.verify(fresh.settings, request):
                received.labels(kind, "refused").inc()
                await self.quarantine.keep(account.tenant_id, account.connection_id, request, now=now)
                return _plain(wire.refused_status, "wrong signature")
            account = fresh
        ours = {"tenant_id": account.tenant_id, "connection_id": account.connection_id}
        try:
            await self.gatherer.store(events.row(wire, request, **ours, received_at=now))
        except Exception as error:
            if not isinstance(error, gather.DatabaseDown):
                log.exception("hooks: an event has no row")  # a fault of ours must not cost a lead
            return await self._spool(
                wire, account.settings, spool.Kept(kind, token, request, now, verified=True)
            )
        received.labels(kind, "stored").inc()
        return await self._rendered(wire.acknowledge(account.settings, request))

    async def _account(self, token_hash: bytes) -> Account | None:
        known, account = self.accounts.cached(token_hash)
        if known:
            return account
        try:
            asked = asyncio.get_running_loop().run_in_executor(self._asking, self.accounts.ask, token_hash)
            return await asyncio.wait_for(asked, ASK_SECONDS)
        except (psycopg2.Error, TimeoutError):
            account = self.accounts.stale(token_hash)
            if account is None:
                raise
            return account

    async def _afresh(self, token_hash: bytes) -> Account | None:
        """The account as the database has it now; None when it was asked for just now or cannot be."""
        if self.accounts.young(token_hash):
            return None
        try:
            asked = asyncio.get_running_loop().run_in_executor(self._asking, self.accounts.ask, token_hash)
            return await asyncio.wait_for(asked, ASK_SECONDS)
        except (psycopg2.Error, TimeoutError, secrets.CannotOpen):
            return None

    async def _spool(self, wire: Channel, settings: dict[str, str], kept: spool.Kept) -> HookReply:
        try:
            await asyncio.get_running_loop().run_in_executor(self._spooling, self.spool.keep, kept)
        except spool.Full:
            received.labels(kept.kind, "nowhere").inc()
            return _plain(503, "try again", retry_after="5")
        received.labels(kept.kind, "spooled").inc()
        asyncio.get_running_loop().call_later(1.5, self.spool.rest)
        return await self._rendered(wire.acknowledge(settings, kept.request))

    @staticmethod
    async def _rendered(reply: HookReply) -> HookReply:
        """Fills in a page that the wire only names."""
        if not reply.page:
            return reply
        page = await asyncio.to_thread(render_to_string, f"connections/{reply.page}.html")
        headers = {"content-type": "text/html; charset=utf-8", **reply.headers}
        return dataclasses.replace(reply, body=page.encode(), headers=headers, page=None)


async def _body(scope: MutableMapping[str, Any], receive: Receive) -> bytes | HookReply:
    """The whole body, bounded in size and time."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _plain(400, "connection closed")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MOST_BODY:
                    return _plain(413, "body over 1 MiB", connection="close")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        return _plain(408, "body too slow", connection="close")


def _public_url(scope: MutableMapping[str, Any]) -> str:
    """The address the provider called: our public name, never what a Host header says."""
    query = scope["query_string"].decode("latin-1")
    path = urllib.parse.quote(scope["path"])
    return f"{django_settings.PUBLIC_URL}{path}" + (f"?{query}" if query else "")


def _query(scope: MutableMapping[str, Any]) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _plain(status: int, text: str, **headers: str) -> HookReply:
    names = {key.replace("_", "-"): value for key, value in headers.items()}
    return HookReply(
        status=status, headers={"content-type": "text/plain; charset=utf-8", **names}, body=text.encode()
    )
