"""Mango Office, API of its virtual PBX. Source: "API VPBX" of Mango Office, edition of February 2026.

Events come to paths below our address (`events/call`, `events/summary`, …) as forms with `vpbx_api_key`, `sign` and
`json`; `sign` is SHA-256 of key, json and salt. `entry_id` is the call, `call_id` one leg of it. The summary is the
truth; events before it come in any order. Repeats are not promised, so `poll` reads the statistics.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import hookform
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

_BASE = "https://app.mango-office.ru"
_OK = 1000
_REFUSED_KEYS = frozenset({3102, 3103, 3105})
_MOST_CALLS = 500


class Mango(Provider):
    """See `Provider`."""

    name = "mango"
    guide = guides.MANGO
    needed = ("vpbx_api_key", "vpbx_api_salt")

    def matches(self, event: Event) -> bool:
        fields = event.fields
        return ("json" in fields and "vpbx_api_key" in fields) or event.path.startswith("polled/mango")

    def handshake(self, settings: Settings, event: Event) -> HookReply | None:
        """The button "check the connection" asks for the bare address."""
        return HookReply() if not event.path and "json" not in event.fields else None

    def verify(self, settings: Settings, event: Event) -> bool:
        raw = hookform.raw(event.request)
        key, told = raw.get("vpbx_api_key", b""), raw.get("json", b"")
        given = raw.get("sign", b"").lower()
        signed = False
        for salt in (settings.get("vpbx_api_salt") or "", settings.get("vpbx_api_salt_previous") or ""):
            text = key + told + salt.encode("utf-8", "replace")
            computed = hashlib.sha256(text).hexdigest().encode()
            signed |= bool(salt) & hmac.compare_digest(computed, given)
        return secret_matches(settings, "vpbx_api_key", key) & signed

    def event_id(self, event: Event) -> str | None:
        told, path = _told(event), _path(event)
        entry = values.text(told, "entry_id", 100)
        if path == "events/call":
            leg, seq = values.text(told, "call_id", 120), values.text(told, "seq", 10)
            return f"call:{leg}:{seq}" if leg and seq else None
        if path == "events/summary":
            return f"summary:{entry}" if entry else None
        if path == "events/record/added":
            recording = values.text(told, "recording_id", 150)
            return f"record:{recording}" if recording else None
        return None

    def call_id(self, event: Event) -> str:
        return values.text(_told(event), "entry_id")

    def acknowledge(self, settings: Settings, event: Event) -> HookReply:
        return HookReply()

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        told, path = _told(event), _path(event)
        if not told:
            raise errors.ParseError("the event holds no JSON")
        if path == "events/summary":
            return [_summary(settings, told)]
        if path == "events/call":
            return [_leg(settings, told)]
        if path == "events/record/added":
            recording = values.text(told, "recording_id")
            if not recording:
                raise errors.ParseError("a recording without a name")
            call = provider.required(values.text(told, "entry_id"))
            return [provider.recorded(call, Media(kind="audio", ref=recording, mime="audio/mpeg"))]
        return [Ignored(f"nothing about a call itself ({path[:60] or 'no path'})")]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        provider.missing(settings, self.needed)
        yield from self._ask(settings, "config/users/request", {})
        return Connected(
            external_id=hashlib.sha256(settings["vpbx_api_key"].encode()).hexdigest()[:16],
            name="Mango Office",
        )

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        yield from self._ask(settings, "config/users/request", {})
        return Health(ok=True)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        return self._recording(settings, media.ref) if media.ref else None

    def _recording(self, settings: Settings, recording: str) -> http.Call[http.Request]:
        """Mango leads on to a file whose address lives a short while."""
        request = self._request(
            settings,
            "queries/recording/post",
            {"recording_id": recording, "action": "download"},
            timeout=60.0,
        )
        response = yield request
        if response.status in (301, 302, 303, 307) and values.web(response.headers.get("location", "")):
            return http.Request("GET", response.headers["location"], timeout=60.0)
        if response.status == 200 and "json" not in response.headers.get("content-type", ""):
            return request
        if response.status == 404:
            raise errors.Rejected(str(_("Mango Office has no such recording")), code="gone")
        self._checked(response)
        raise errors.Retry(60.0, "the recording is not there yet")

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        """The statistics, asked for in one look and fetched in the next: Mango needs a while to gather them.

        The cursor is the moment up to which all is known, and behind a blank the key of the statistics asked for.
        """
        return self._poll(settings, cursor)

    def _poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        known, _blank, pending = cursor.partition(" ")
        now = datetime.now(UTC)
        if not known:
            return Polled(cursor=now.isoformat())
        since = datetime.fromisoformat(known)
        if not pending:
            moscow = ZoneInfo(values.MOSCOW)
            # An hour back: a call is in the statistics when it ends, under the time when it began.
            span = {
                "start_date": (since - timedelta(hours=1)).astimezone(moscow).strftime("%d.%m.%Y %H:%M:%S"),
                "end_date": now.astimezone(moscow).strftime("%d.%m.%Y %H:%M:%S"),
                "limit": str(_MOST_CALLS),
                "offset": "0",
            }
            answer = yield from self._ask(settings, "stats/calls/request", span)
            key = values.text(answer, "key")
            if not key:
                raise errors.Uncertain("the answer names no key")
            return Polled(cursor=f"{known} {key}~{now.isoformat()}")
        key, _tilde, till = pending.rpartition("~")
        response = yield self._request(settings, "stats/calls/result", {"key": key})
        if response.status == 204:
            return Polled(cursor=cursor)
        answer = self._checked(response)
        state = values.text(answer, "status")
        if state and state != "complete":
            lost = state in ("error", "cancel", "not-found")
            return Polled(cursor=known if lost else cursor)
        return Polled(requests=tuple(_polled(answer)), cursor=till)

    def _ask(self, settings: Settings, path: str, told: Mapping[str, Any]) -> http.Call[Mapping[str, Any]]:
        response = yield self._request(settings, path, told)
        return self._checked(response)

    def _request(
        self, settings: Settings, path: str, told: Mapping[str, Any], *, timeout: float = provider.TIMEOUT
    ) -> http.Request:
        key, salt = settings.get("vpbx_api_key") or "", settings.get("vpbx_api_salt") or ""
        text = safejson.dumps(dict(told)).decode()
        sign = hashlib.sha256(f"{key}{text}{salt}".encode("utf-8", "replace")).hexdigest()
        return http.Request(
            "POST",
            f"{self.base(_BASE)}/vpbx/{path}",
            form={"vpbx_api_key": key, "sign": sign, "json": text},
            timeout=timeout,
        )

    @staticmethod
    def _checked(response: http.Response) -> Mapping[str, Any]:
        answer = provider.answer_of(response, "Mango Office")
        result = values.number(answer.get("result"))
        if result in (None, _OK) and response.status < 400:
            return answer
        if result in _REFUSED_KEYS:
            raise errors.Rejected(
                str(_("Mango Office does not accept the key and the salt, or its API is switched off")),
                code="revoked",
                revoked=True,
            )
        raise errors.Rejected(f"Mango Office: {result}", code="refused")


def _path(event: Event) -> str:
    return event.path.removeprefix("polled/mango/")


def _told(event: Event) -> Mapping[str, Any]:
    """The object in `json`, {} when it cannot be read."""
    try:
        told = safejson.loads(event.request.body if event.polled else event.fields.get("json", ""))
    except safejson.Malformed:
        return {}
    return told if isinstance(told, dict) else {}


def _sides(settings: Settings, told: Mapping[str, Any], direction: int | None) -> tuple[bool, str, str]:
    """(outgoing, the client's number, our extension)."""
    caller, callee = values.part(told, "from"), values.part(told, "to")
    out = direction == 2 or (direction is None and bool(values.text(caller, "extension")))
    if out:
        return True, values.text(callee, "number"), values.text(caller, "extension")
    return False, values.text(caller, "number"), values.text(callee, "extension")


def _summary(settings: Settings, told: Mapping[str, Any]) -> Fact:
    """`events/summary`, once a call: who, when, how long."""
    call = provider.required(values.text(told, "entry_id"))
    direction = values.number(told.get("call_direction"))
    if direction == 0:
        return Ignored("a call between colleagues")
    out, other, extension = _sides(settings, told, direction)
    made, talk, end = (values.number(told.get(name)) for name in ("create_time", "talk_time", "end_time"))
    spoke = bool(talk)
    return provider.happened(
        settings,
        call,
        "ended" if spoke else "missed",
        out=out,
        other=other,
        line=values.text(told, "line_number"),
        at=values.unix(made),
        seconds=values.seconds(end, talk) if spoke else 0,
        waited=values.seconds(talk or end, made),
        answered_by=extension if spoke else "",
    )


def _leg(settings: Settings, told: Mapping[str, Any]) -> Fact:
    """`events/call`: a leg rings or is taken."""
    call = provider.required(values.text(told, "entry_id"))
    state, location = values.text(told, "call_state"), values.text(told, "location")
    caller, callee = values.part(told, "from"), values.part(told, "to")
    if values.internal(values.text(caller, "number")) and values.internal(values.text(callee, "number")):
        return Ignored("a call between colleagues")
    if state not in ("Appeared", "Connected"):
        return Ignored(f"a leg of a call: {state[:40] or 'no state'}")
    out, other, extension = _sides(settings, told, None)
    answered = state == "Connected" and location == "abonent"
    return provider.happened(
        settings,
        call,
        "answered" if answered else "ringing",
        out=out,
        other=other,
        line=values.text(callee, "line_number") or values.text(caller, "line_number"),
        # The number of call tracking is the one the visitor saw, whatever line it leads to.
        shown=values.text(values.part(told, "dct"), "number"),
        at=values.unix(told.get("timestamp")),
        answered_by=extension if answered else "",
    )


def _polled(answer: Mapping[str, Any]) -> list[HookRequest]:
    """The statistics in the shape of the events that they stand for, so that each call is stored once."""
    groups = answer.get("data")
    rows: list[Any] = []
    for group in groups if isinstance(groups, list) else [groups]:
        listed = group.get("list") if isinstance(group, dict) else None
        rows += listed if isinstance(listed, list) else []
    found = []
    for row in rows[:_MOST_CALLS]:
        entry = values.text(row, "entry_id") if isinstance(row, dict) else ""
        kind = values.number(row.get("context_type")) if entry else None
        if kind not in (1, 2):
            continue
        made = values.number(row.get("context_start_time")) or 0
        length, talk = (values.number(row.get(name)) or 0 for name in ("duration", "talk_duration"))
        caller, called = values.text(row, "caller_number"), values.text(row, "called_number")
        summary = {
            "entry_id": entry,
            "call_direction": kind,
            "from": {"number": caller},
            "to": {"number": called},
            "line_number": called if kind == 1 else caller,
            "create_time": made,
            "talk_time": made + max(0, length - talk) if talk else 0,
            "end_time": made + max(length, talk),
        }
        found.append(_request_of("events/summary", summary))
        legs = row.get("context_calls")
        for leg in legs if isinstance(legs, list) else []:
            several = leg.get("recording_id") if isinstance(leg, dict) else None
            for recording in several if isinstance(several, list) else [several]:
                if isinstance(recording, str) and recording:
                    told = {"entry_id": entry, "recording_id": recording}
                    found.append(_request_of("events/record/added", told))
    return found


def _request_of(path: str, told: Mapping[str, Any]) -> HookRequest:
    return HookRequest(
        subpath=f"polled/mango/{path}",
        headers={"content-type": "application/json"},
        body=safejson.dumps(dict(told)),
    )
