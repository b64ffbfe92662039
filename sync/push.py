"""Pushes dirty rows to the CRM: one writer a portal, found before created, nothing repeated blindly.

Whoever claims the portal's row is its writer until the lease is over. Each row is pushed by itself: built from our
tables in one transaction, sent outside any, recorded in another. A writer that dies leaves the row dirty; the next
one comes when the lease is over, which is longer than a portal works on a lost call, and every push looks before it
creates.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import time
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Min
from django.utils import timezone

from connections import accounts
from connections.models import Connection, ConnectionState
from integrations import registry
from integrations.errors import FAILURES, Rejected, Retry
from integrations.protocols import crm
from kit import http
from leads.models import Lead
from sync import card
from sync.models import Link, Portal
from tenants import clock, wall
from work.claim import Claim
from work.rows import BACKOFF, State

log = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=150)
TURN_SECONDS = 60.0
# A portal that refuses is asked again after this, one that only did not answer after that.
PARKED = dt.timedelta(hours=6)
PATIENCE = dt.timedelta(seconds=20)
# Refusals that concern the whole portal: nothing is pushed until somebody mends it.
WHOLE_PORTAL = frozenset({
    "plan", "revoked", "scope", "rights", "context", "confirm", "renamed", "elsewhere", "deleted", "address",
    "not_portal", "https", "method", "key_search", "overload",
})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Job:
    """One push to make."""

    link_id: int
    version: int
    card: crm.Card


def run(claims: Sequence[Claim]) -> None:
    """The queue's `run`: one turn for each claimed portal."""
    for claim in claims:
        try:
            _turn(claim)
        except Exception as error:
            log.exception("sync: the turn of portal %s failed", claim.id)
            with wall.tenant_tx(claim.tenant_id):
                _end(claim, wait=dt.timedelta(seconds=30), error=f"{type(error).__name__}: {error}")


def _turn(claim: Claim) -> None:
    with wall.tenant_tx(claim.tenant_id):
        portal = Portal.objects.select_related("connection").get(pk=claim.id)
        connection = portal.connection
        if connection.state == ConnectionState.OFF:
            _end(claim, wait=None)
            return
        settings = accounts.settings_of(connection)
    wire = registry.crm(connection.kind)
    if not portal.capabilities or connection.state == ConnectionState.BROKEN:
        refused = check(claim.tenant_id, connection.pk)
        if refused is not None:
            with wall.tenant_tx(claim.tenant_id):
                _end(
                    claim, wait=PARKED if isinstance(refused, Rejected) else max(PATIENCE, _wait(refused, 1))
                )
            return
    started = time.monotonic()
    while time.monotonic() - started < TURN_SECONDS:
        with wall.tenant_tx(claim.tenant_id):
            job = _next(claim, connection)
        if job is None:
            break
        pushed = _push(wire, settings, job)
        with wall.tenant_tx(claim.tenant_id):
            go_on = _record(wire, connection, job, pushed)
            Portal.objects.filter(pk=claim.id, lease_token=claim.token).update(
                lease_until=timezone.now() + LEASE
            )
        if not go_on:
            break
    with wall.tenant_tx(claim.tenant_id):
        _end(claim, wait=dt.timedelta())


def _next(claim: Claim, connection: Connection) -> Job | None:
    """The longest-waiting dirty row that is due, as a card."""
    now = clock.now()
    dirty = Link.objects.filter(
        connection=connection, kind=Link.Kind.LEAD, parked=False, dirty_since__isnull=False
    )
    link = dirty.filter(due_at__lte=now).order_by("due_at", "id").first()
    if link is None or not Portal.objects.filter(pk=claim.id, lease_token=claim.token).exists():
        return None
    portal = Portal.objects.get(pk=claim.id)
    lead = Lead.objects.select_related("contact").get(pk=link.local_id)
    contact = Link.objects.filter(
        connection=connection, kind=Link.Kind.CONTACT, local_id=lead.contact_id
    ).first()
    built = card.build(
        lead,
        tenant=wall.entered_tenant(),
        link=link,
        known_contact=contact.remote_id if contact else None,
        capabilities=crm.Capabilities.from_dict(portal.capabilities),
        matching=crm.Matching.from_dict(portal.matching),
    )
    return Job(link.pk, link.version, built)


def _push(wire: Any, settings: dict[str, str], job: Job) -> crm.Pushed | Exception:
    try:
        pushed: crm.Pushed = http.run(wire.push(settings, job.card))
    except FAILURES as failure:
        return failure
    return pushed


def _record(wire: Any, connection: Connection, job: Job, pushed: crm.Pushed | Exception) -> bool:
    """Keeps what became of a push; False when the portal wants to be left alone for now."""
    link = Link.objects.get(pk=job.link_id)
    now = clock.now()
    failure: Exception | None = pushed if isinstance(pushed, Exception) else None
    if isinstance(pushed, crm.Pushed):
        for part, saved in pushed.saved.items():
            link.agreed[part] = {"id": saved.id, "state": dict(saved.state)}
        if "contact" in pushed.saved:
            _keep_contact(connection, link, pushed.saved["contact"], now)
        failure = next(iter(pushed.failed.values()), None)
        link.remote_id = link.agreed.get("deal", {}).get("id", link.remote_id)
    if failure is None:
        link.pushed_version, link.pushed_at = job.version, now
        link.attempts, link.last_error = 0, ""
        if link.version == job.version:
            link.dirty_since = None
        _trouble(connection, "")
    else:
        link.last_error = str(wire.explain(failure))[:1000]
        link.attempts += 1
        link.due_at = now + _wait(failure, link.attempts)
        if isinstance(failure, Rejected):
            link.parked = failure.code not in WHOLE_PORTAL and not failure.revoked and not failure.moved_to
    link.save()
    if isinstance(failure, Rejected) and failure.moved_to:
        # The portal has a new address, of its own kind (the wire looked): the webhook's secret stays the same.
        accounts.change_settings(connection, {"webhook_url": failure.moved_to})
        return False
    if isinstance(failure, Rejected) and (failure.revoked or failure.code in WHOLE_PORTAL):
        accounts.note_trouble(connection, reason=link.last_error, broken=True)
        _trouble(connection, link.last_error)
        return False
    return not isinstance(failure, Retry)


def _keep_contact(connection: Connection, link: Link, saved: crm.Saved, now: dt.datetime) -> None:
    contact_id = Lead.objects.values_list("contact_id", flat=True).get(pk=link.local_id)
    Link.objects.update_or_create(
        connection=connection,
        kind=Link.Kind.CONTACT,
        local_id=contact_id,
        defaults={"remote_id": saved.id, "pushed_at": now, "pushed_version": F("version")},
        create_defaults={"remote_id": saved.id, "pushed_at": now, "pushed_version": 1},
    )


def _trouble(connection: Connection, text: str) -> None:
    Portal.objects.filter(connection=connection).exclude(trouble=text).update(trouble=text)


def _wait(failure: Exception, attempts: int) -> dt.timedelta:
    if isinstance(failure, Retry) and failure.after is not None:
        return dt.timedelta(seconds=failure.after)
    if isinstance(failure, crm.errors.Uncertain):
        return crm.SETTLE + crm.SECOND_LOOK
    return dt.timedelta(seconds=BACKOFF[min(attempts, len(BACKOFF)) - 1])


def _end(claim: Claim, *, wait: dt.timedelta | None, error: str = "") -> None:
    """Gives the portal back: due again when rows wait, else done."""
    portal = Portal.objects.filter(pk=claim.id, lease_token=claim.token).first()
    if portal is None:
        return
    due = Link.objects.filter(
        connection=portal.connection_id, parked=False, dirty_since__isnull=False
    ).aggregate(due=Min("due_at"))["due"]
    changes: dict[str, Any] = {"lease_token": None, "lease_until": None, "last_error": error[:2000]}
    if due is None or wait is None:
        changes["state"] = State.DONE
    else:
        changes |= {"state": State.PENDING, "due_at": max(due, clock.now() + wait), "attempts": 0}
    Portal.objects.filter(pk=claim.id, lease_token=claim.token).update(**changes)


def _ask(wire: Any, settings: dict[str, str]) -> crm.Capabilities:
    """What the portal is; our channels are put into its list of sources where we may, so that deals can name them."""
    capabilities: crm.Capabilities = http.run(wire.check(settings))
    known = set(wire.guess(capabilities).sources)
    names = {kind: str(registry.channel(kind).label) for kind in registry.channels if kind not in known}
    if names:
        with contextlib.suppress(*FAILURES):  # without an administrator's rights the nearest source serves
            http.run(wire.add_sources(settings, names))
            capabilities = http.run(wire.check(settings))
    return capabilities


def check(tenant_id: int, connection_id: int) -> Exception | None:
    """Asks the portal who we are and what is there, and keeps the answer; returns why there is none.

    An outside call, so outside any transaction. A guess of pipeline, stages and sources is made once; what the
    owner changed later stays.
    """
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        settings = accounts.settings_of(connection)
    wire = registry.crm(connection.kind)
    failure: Exception | None = None
    try:
        capabilities = _ask(wire, settings)
    except FAILURES as error:
        failure = error
    with wall.tenant_tx(tenant_id):
        connection = Connection.objects.get(pk=connection_id)
        portal, _made = Portal.objects.get_or_create(
            connection=connection, defaults={"due_at": clock.now(), "state": State.DONE}
        )
        if failure is not None:
            portal.trouble = str(wire.explain(failure))[:1000]
            portal.save(update_fields=["trouble"])
            broken = isinstance(failure, Rejected)
            accounts.note_trouble(connection, reason=portal.trouble, broken=broken)
            return failure
        portal.capabilities = capabilities.to_dict()
        if not portal.matching:
            portal.matching = wire.guess(capabilities).to_dict()
        portal.checked_at, portal.trouble = clock.now(), ""
        portal.save(update_fields=["capabilities", "matching", "checked_at", "trouble"])
        connection.account |= {"name": capabilities.account}
        connection.name = capabilities.account
        connection.state, connection.last_error = ConnectionState.OK, ""
        connection.save(update_fields=["account", "name", "state", "last_error"])
    return None
