"""MegaFon's virtual PBX, and others built on the same platform. Source: its CRM interface as public code reads it.

One address gets forms: `cmd` is event, history, contact or rating; `crm_token` is the key that the owner typed into
the PBX. `history` is final. The other way round we ask `https://<domain>/sys/crm_api.wcgp` with the PBX's own key.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django import conf
from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import (
    Connected,
    Fact,
    Health,
    HookReply,
    HookRequest,
    Ignored,
    Media,
    Polled,
    Settings,
    secret_matches,
)
from integrations.telephony import guides, provider, values
from integrations.telephony.provider import Event, Provider
from kit import http, safejson

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?\Z")
_MOST = 2000


class Megafon(Provider):
    """See `Provider`."""

    name = "megafon"
    guide = guides.MEGAFON
    needed = ("crm_token",)

    def matches(self, event: Event) -> bool:
        return event.fields.get("cmd", "") != "" and ("callid" in event.fields or "crm_token" in event.fields)

    def handshake(self, settings: Settings, event: Event) -> HookReply | None:
        """`contact` asks who is calling, within seconds and before anything happened; names are not ours to tell."""
        if event.fields.get("cmd") != "contact":
            return None
        if not self.verify(settings, event):
            return HookReply(status=401, headers=provider.JSON, body=b'{"error":"Invalid token"}')
        return HookReply(headers=provider.JSON, body=b"{}")

    def verify(self, settings: Settings, event: Event) -> bool:
        return secret_matches(settings, "crm_token", event.fields.get("crm_token"))

    def event_id(self, event: Event) -> str | None:
        fields = event.fields
        call, what = fields.get("callid", "")[:80], fields.get("cmd", "")[:20]
        if not call:
            return None
        if what == "history":
            return f"history:{call}"
        who = fields.get("ext") or fields.get("user") or ""
        return (
            f"{what}:{call}:{fields.get('type', '')[:20]}:{who[:40]}:{fields.get('second_callid', '')[:40]}"
        )

    def call_id(self, event: Event) -> str:
        return event.fields.get("callid", "")

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        fields = event.fields
        what, kind = fields.get("cmd", ""), fields.get("type", "")
        if what == "history":
            return [_history(settings, fields)]
        states: Mapping[str, provider.State] = {
            "INCOMING": "ringing", "OUTGOING": "ringing", "ACCEPTED": "answered",
        }  # fmt: skip
        if what != "event" or kind.upper() not in states:
            return [Ignored(f"nothing new of a call ({what[:20]} {kind[:20]})".strip())]
        call = provider.required(fields.get("callid", "")[:200])
        if values.internal(fields.get("phone", "")):
            return [Ignored("a call between colleagues")]
        state = states[kind.upper()]
        return [
            provider.happened(
                settings,
                call,
                state,
                out=kind.upper() == "OUTGOING" or fields.get("direction", "").lower() == "out",
                other=fields.get("phone", ""),
                line=fields.get("diversion", ""),
                answered_by=_by(fields) if state == "answered" else "",
            )
        ]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        provider.missing(settings, self.needed)
        domain = settings.get("vats_domain") or ""
        if domain:
            yield from self._ask(settings, "accounts")
        return Connected(external_id=domain, name=f"MegaFon {domain}".strip())

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        if settings.get("vats_domain"):
            yield from self._ask(settings, "accounts")
        return Health(ok=True)

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        """The history of the day, and of the one before when the last look was then."""
        if not settings.get("vats_domain") or not settings.get("token"):
            return None
        return self._poll(settings, cursor)

    def _poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        now = datetime.now(UTC)
        if not cursor:
            return Polled(cursor=now.isoformat())
        since = datetime.fromisoformat(cursor)
        own = values.zone(settings)
        begun = since - timedelta(hours=1)
        days = (
            ["today"]
            if begun.astimezone(own).date() == now.astimezone(own).date()
            else ["yesterday", "today"]
        )
        found: list[HookRequest] = []
        for day in days:
            response = yield from self._ask(settings, "history", period=day, type="all")
            found += [request for request, at in _rows(response) if at is None or at >= begun]
        return Polled(requests=tuple(found), cursor=now.isoformat())

    def _ask(self, settings: Settings, command: str, **more: str) -> http.Call[http.Response]:
        domain = (settings.get("vats_domain") or "").strip().lower().removeprefix("https://").strip("/")
        if not _DOMAIN.match(domain):
            raise errors.Rejected(
                str(_("The PBX's address looks like salon.megapbx.ru.")), code="missing", content=True
            )
        base = str(conf.settings.PROVIDER_URLS.get(self.name) or f"https://{domain}").rstrip("/")
        response = yield http.Request(
            "POST",
            f"{base}/sys/crm_api.wcgp",
            form={"cmd": command, "token": settings.get("token") or "", **more},
            timeout=provider.TIMEOUT,
        )
        if response.status == 429 or response.status >= 500:
            raise errors.Retry(60.0, "MegaFon asks for a pause", whole_account=response.status == 429)
        if response.status in (400, 401, 403):
            raise errors.Rejected(
                str(_("MegaFon does not accept the key of the PBX")), code="revoked", revoked=True
            )
        if response.status != 200:
            raise errors.Rejected(f"MegaFon refused with status {response.status}", code="refused")
        return response


def _history(settings: Settings, fields: Mapping[str, str]) -> Fact:
    """The whole of a call, after it."""
    call = provider.required(fields.get("callid", "")[:200])
    if values.internal(fields.get("phone", "")):
        return Ignored("a call between colleagues")
    spoke = fields.get("status", "").lower() == "success"
    url = values.web(fields.get("link", ""))
    return provider.happened(
        settings,
        call,
        "ended" if spoke else "missed",
        out=fields.get("type", "").lower() == "out",
        other=fields.get("phone", ""),
        line=fields.get("diversion", ""),
        at=values.basic(fields.get("start", "")),
        seconds=(values.number(fields.get("duration")) or 0) if spoke else 0,
        waited=values.number(fields.get("wait")),
        answered_by=_by(fields) if spoke else "",
        recording=Media(kind="audio", url=url, mime="audio/mpeg") if url else None,
    )


def _by(fields: Mapping[str, str]) -> str:
    return (fields.get("user") or fields.get("ext") or "")[:100]


def _rows(response: http.Response) -> list[tuple[HookRequest, datetime | None]]:
    """The history (CSV: id, type, client, account, via, start, wait, duration, record) as events."""
    found: list[tuple[HookRequest, datetime | None]] = []
    for row in list(csv.reader(io.StringIO(safejson.decoded(response.body).replace("\x00", ""))))[:_MOST]:
        if len(row) < 8 or row[1].lower() not in ("in", "out", "missed"):
            continue  # the head, or a line that is none
        spoke = row[1].lower() != "missed" and (values.number(row[7]) or 0) > 0
        told = {
            "cmd": "history",
            "callid": row[0],
            "type": "out" if row[1].lower() == "out" else "in",
            "phone": row[2],
            "user": row[3],
            "diversion": row[4],
            "start": _start(row[5]),
            "wait": row[6],
            "duration": row[7],
            "link": row[8] if len(row) > 8 else "",
            "status": "Success" if spoke else "Missed",
        }
        request = HookRequest(
            subpath="polled/megafon",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(told).encode(),
        )
        found.append((request, values.basic(told["start"])))
    return found


def _start(raw: str) -> str:
    """`2026-11-23T10:15:00Z` or `20261123T101500Z` in the form of the hook."""
    return raw.strip().replace("-", "").replace(":", "")
