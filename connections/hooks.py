"""`/hooks/<kind>/<token>/`: the one durable door for everything that comes in from outside.

A thin ASGI function in front of Django. It verifies the signature on the raw bytes, stores them and only then gives
the provider's exact acknowledgement. Nothing is parsed before it is stored.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import functools
import logging
import re
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

import psycopg2
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from prometheus_client import Counter

from connections import accounts, events, gather, quarantine, spool
from integrations import registry
from integrations.protocols.channel import USUAL_BODY, Channel, HookReply, HookRequest
from tenants import secrets
from tenants.models import digest

log = logging.getLogger(__name__)

BODY_SECONDS, LARGE_BODY_SECONDS = 10.0, 60.0
# Letters with their files: so many are in the memory at once, others are told to come again.
MOST_LARGE = 4
# How long a commit may take, for the usual body and for a large one.
PATIENCE, LARGE_PATIENCE = 3.0, 8.0
ASK_SECONDS = 3.0
ADDRESS = re.compile(r"/hooks/([a-z0-9_]{1,20})/([A-Za-z0-9_-]{16,64})(?:/(.*))?")
KNOWN_SECONDS, UNKNOWN_SECONDS = 30.0, 5.0
# A wrong signature may mean that the secret is being changed: the account is asked for again, at most so often.
DOUBT_SECONDS = 2.0
MOST_CACHED = 20_000

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

OUTCOMES = {400: "broken_off", 404: "unknown", 408: "too_slow", 413: "too_large", 503: "too_many"}

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
        # Letters with files have a connection of their own, so that a lead never waits behind one.
        self.large = gather.Gatherer()
        self._large_open = 0
        self.spool = spool.Writer()
        self.quarantine = quarantine.Quarantine()
        # Threads of their own: a database that hangs must not keep anybody from the spool.
        self._asking = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="hooks-ask")
        self._spooling = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="hooks-spool")
        self._weighing = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="hooks-large")

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
        wire = registry.channel(kind)
        body = Body(receive)
        refused = await body.read(most=min(USUAL_BODY, wire.max_body), seconds=BODY_SECONDS)
        large = refused is not None and refused.status == 413 and wire.max_body > USUAL_BODY
        if large:
            refused = await self._stranger(kind, token)
        self._large_open += large
        try:
            if large and refused is None:
                refused = await body.read(most=wire.max_body, seconds=LARGE_BODY_SECONDS)
            if refused is not None:
                received.labels(kind, OUTCOMES[refused.status]).inc()
                return refused
            request = HookRequest(
                method=scope["method"],
                subpath=subpath,
                query=_query(scope),
                headers=_headers(scope),
                body=body.take(),
                url=_public_url(scope),
            )
            return await self._take(wire, kind, token, request)
        finally:
            self._large_open -= large

    async def _stranger(self, kind: str, token: str) -> HookReply | None:
        """Why the rest of a large body is not even read: nobody is known here, or too many are under way."""
        with contextlib.suppress(psycopg2.Error, TimeoutError, secrets.CannotOpen):  # else the spool takes it
            account = await self._account(digest(token))
            if account is None or account.kind != kind:
                return _plain(404, "unknown channel", connection="close")
        if self._large_open >= MOST_LARGE:
            return _plain(503, "try again", retry_after="30", connection="close")
        return None

    async def _take(self, wire: Channel, kind: str, token: str, request: HookRequest) -> HookReply:
        """Answers a request that was read whole."""
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
        handshake = await self._weighed(request, wire.handshake, account.settings, request)
        if handshake is not None:
            return await self._rendered(handshake)
        if request.method not in wire.hook_methods:
            return _plain(405, "method not allowed", allow=", ".join(wire.hook_methods))
        if not await self._weighed(request, wire.verify, account.settings, request):
            fresh = await self._afresh(digest(token))
            if fresh is None or not await self._weighed(request, wire.verify, fresh.settings, request):
                received.labels(kind, "refused").inc()
                await self.quarantine.keep(account.tenant_id, account.connection_id, request, now=now)
                return _plain(wire.refused_status, "wrong signature")
            account = fresh
        ours: dict[str, Any] = {
            "tenant_id": account.tenant_id,
            "connection_id": account.connection_id,
            "received_at": now,
        }
        try:
            row = await self._weighed(request, functools.partial(events.row, **ours), wire, request)
            if _is_large(request):
                await self.large.store(row, patience=LARGE_PATIENCE)
            else:
                await self.gatherer.store(row, patience=PATIENCE)
        except Exception as error:
            if not isinstance(error, gather.DatabaseDown):
                log.exception("hooks: an event has no row")  # a fault of ours must not cost a lead
            return await self._spool(
                wire, account.settings, spool.Kept(kind, token, request, now, verified=True)
            )
        received.labels(kind, "stored").inc()
        return await self._rendered(wire.acknowledge(account.settings, request))

    async def _weighed(self, request: HookRequest, look: Callable[..., T], *given: Any) -> T:
        """What a wire says of a request; a large one is looked at beside the loop, which others wait for."""
        if not _is_large(request):
            return look(*given)
        return await asyncio.get_running_loop().run_in_executor(self._weighing, look, *given)

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


def _is_large(request: HookRequest) -> bool:
    return len(request.body) > USUAL_BODY


class Body:
    """The body of a request while it comes in, bounded in size and time."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = False

    async def read(self, *, most: int, seconds: float) -> HookReply | None:
        """Reads on; None when it is whole, else why it is refused. After a 413 it goes on with a higher limit."""
        try:
            async with asyncio.timeout(seconds):
                while self._size <= most and not self._whole:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        return _plain(400, "connection closed")
                    self._parts.append(message.get("body", b""))
                    self._size += len(self._parts[-1])
                    self._whole = not message.get("more_body")
        except TimeoutError:
            return _plain(408, "body too slow", connection="close")
        if self._size > most:
            return _plain(413, f"body over {most >> 20} MiB", connection="close")
        return None

    def take(self) -> bytes:
        """All of it, once."""
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole


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
