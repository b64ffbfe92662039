"""UIS and CoMagic: notifications whose body the owner sets up from a template of ours, and the Data API.

Sources: help of uiscom.ru on notifications, and public integrations. There is no signature: the path's token stands
alone, a `secret` in the template or in the address beside it where the owner wants one. A template with a slip in it
sends names of fields instead of their values, and what it sends may not even be JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors
from integrations.protocols.channel import (
    Connected,
    Fact,
    Health,
    HookRequest,
    Ignored,
    Media,
    Polled,
    Settings,
    Touch,
    secret_matches,
)
from integrations.telephony import guides, provider, values
from integrations.telephony.provider import Event, Provider
from kit import http, safejson
from kit.text import storable

_BASE = "https://dataapi.uiscom.ru"
# Fields of the templates; a value that is the name of one was never filled in.
_FIELDS = frozenset(
    (
        *("notification_mnemonic", "notification_name", "notification_time", "notification_timestamp"),
        *(
            "call_session_id",
            "virtual_phone_number",
            "contact_phone_number",
            "contact_full_name",
            "direction",
        ),
        *("employee_id", "employee_full_name", "employee_ids", "talk_time_duration", "total_time_duration"),
        *("wait_time_duration", "communication_number", "scenario_name", "scenario_id", "call_source"),
        *("external_id", "file_link", "file_duration", "leg_id", "app_id", "attributes", "start_time"),
        *(
            "calling_phone_number",
            "called_phone_number",
            "communication_id",
            "communication_type",
            "contact_id",
        ),
        *("cpn_region_name", "is_internal", "tag_names", "visitor_country", "tp_project"),
    )
)
TEMPLATE = """{"event":"%(event)s",
"notification_timestamp":{{notification_timestamp}},"call_session_id":{{call_session_id}},
"virtual_phone_number":{{virtual_phone_number}},"contact_phone_number":{{contact_phone_number}},
"direction":{{direction}},"employee_full_name":{{employee_full_name}},"is_internal":{{is_internal}},
"talk_time_duration":{{talk_time_duration}},"wait_time_duration":{{wait_time_duration}},
"start_time":{{start_time}},"file_link":{{file_link}}}"""
"""The body of a notification, `%(event)s` being one of `EVENTS`."""
EVENTS = ("incoming_call", "outgoing_call", "talk_started", "call_ended", "lost_call", "record")
_ALIASES = {"call_started": "incoming_call", "out_call": "outgoing_call", "recorded_call": "record"}
_PAIR = re.compile(r'"([A-Za-z_]{1,60})"\s*:\s*(?:"([^"\r\n]{0,2000})"|([^,}"\r\n]{0,300}))')
_MOST = 1000
_REPORT = (
    *("id", "start_time", "direction", "is_lost", "contact_phone_number", "virtual_phone_number"),
    *("talk_duration", "wait_duration", "source", "campaign_name", "communication_page_url", "call_records"),
    *("communication_id", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
)


class Uis(Provider):
    """See `Provider`."""

    name = "uis"
    guide = guides.UIS

    def matches(self, event: Event) -> bool:
        if event.path.startswith("polled/uis"):
            return True
        return b"call_session_id" in event.request.body or "call_session_id" in event.fields

    def verify(self, settings: Settings, event: Event) -> bool:
        if not settings.get("secret"):
            return True
        given = _told(event).get("secret") or event.request.query.get("secret")
        return secret_matches(settings, "secret", given if isinstance(given, str) else None)

    def event_id(self, event: Event) -> str | None:
        told = _told(event)
        call, what = values.text(told, "call_session_id", 60), _what(told)
        if not call or call in _FIELDS:
            return None
        more = values.text(told, "leg_id", 60) or values.text(told, "file_link")[-100:]
        return f"{what}:{call}:{more}".rstrip(":")

    def call_id(self, event: Event) -> str:
        return _value(_told(event), "call_session_id", 60)

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        told = _told(event)
        call = _value(told, "call_session_id", 60)
        if not call:
            if values.text(told, "call_session_id") in _FIELDS:
                raise errors.ParseError(
                    _(
                        "UIS sends the names of fields instead of their values: copy the body of the notification anew."
                    )
                )
            raise errors.ParseError("an event without the call it belongs to")
        if _value(told, "is_internal").lower() in ("1", "true"):
            return [Ignored("a call between colleagues")]
        what = _what(told)
        if what == "record":
            url = values.web(_value(told, "file_link", 2000))
            if not url:
                raise errors.ParseError("a recording without an address")
            length = values.number(_value(told, "file_duration"))
            return [provider.recorded(call, Media(kind="audio", url=url, seconds=length, mime="audio/mpeg"))]
        talk = values.number(_value(told, "talk_time_duration"))
        out = _value(told, "direction").lower() == "out" or what == "outgoing_call"
        states: Mapping[str, provider.State] = {
            "incoming_call": "ringing",
            "outgoing_call": "ringing",
            "waiting": "ringing",
            "talk_started": "answered",
            "lost_call": "missed",
            "call_ended": "ended" if talk else "missed",
            "report": "ended" if talk else "missed",
        }
        if what not in states:
            return [Ignored(f"nothing about a call itself ({what[:60] or 'no event'})")]
        final = states[what] in ("ended", "missed")
        other = _value(told, "contact_phone_number")
        return [
            provider.happened(
                settings,
                call,
                states[what],
                out=out,
                other=other,
                line=_value(told, "virtual_phone_number"),
                at=_at(told, settings),
                seconds=(talk or 0) if final else None,
                waited=values.number(_value(told, "wait_time_duration")),
                answered_by=_value(told, "employee_full_name")
                if states[what] in ("ended", "answered")
                else "",
                touch=None if out else _touch(told, settings),
                recording=_recording(told),
            )
        ]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        if settings.get("access_token"):
            yield from self._report(settings, datetime.now(UTC) - timedelta(minutes=5), 1)
        return Connected(name="UIS")

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        if settings.get("access_token"):
            yield from self._report(settings, datetime.now(UTC) - timedelta(minutes=5), 1)
        return Health(ok=True)

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        """The report on calls: what notifications missed, and whence the visitor came, which they do not say."""
        return self._poll(settings, cursor) if settings.get("access_token") else None

    def _poll(self, settings: Settings, cursor: str) -> http.Call[Polled]:
        now = datetime.now(UTC)
        if not cursor:
            return Polled(cursor=now.isoformat())
        rows = yield from self._report(settings, datetime.fromisoformat(cursor) - timedelta(hours=1), _MOST)
        requests = tuple(
            HookRequest(
                subpath="polled/uis",
                headers={"content-type": "application/json"},
                body=safejson.dumps(_as_event(row)),
            )
            for row in rows
        )
        return Polled(requests=requests, cursor=now.isoformat())

    def _report(self, settings: Settings, since: datetime, most: int) -> http.Call[list[Mapping[str, Any]]]:
        own = values.zone(settings)
        now = datetime.now(UTC)
        params = {
            "access_token": settings.get("access_token") or "",
            "date_from": since.astimezone(own).strftime("%Y-%m-%d %H:%M:%S"),
            "date_till": now.astimezone(own).strftime("%Y-%m-%d %H:%M:%S"),
            "limit": most,
            "offset": 0,
            "fields": list(_REPORT),
        }
        response = yield http.Request(
            "POST",
            f"{self.base(_BASE)}/v2.0",
            json={"jsonrpc": "2.0", "id": "1", "method": "get.calls_report", "params": params},
            timeout=provider.TIMEOUT,
        )
        answer = provider.answer_of(response, "UIS")
        failure = values.part(answer, "error")
        if failure:
            raise _failure(failure)
        rows = values.part(answer, "result").get("data")
        return (
            [row for row in rows if isinstance(row, dict) and row.get("id")] if isinstance(rows, list) else []
        )


def _failure(failure: Mapping[str, Any]) -> Exception:
    """The error that a JSON-RPC failure stands for; `data.mnemonic` names it."""
    word = values.text(values.part(failure, "data"), "mnemonic") or values.text(failure, "message")
    if "token" in word.lower() or values.number(failure.get("code")) in (401, 403):
        said = gettext_lazy("UIS does not accept the key of the Data API")
        return errors.Rejected(str(said), code="revoked", revoked=True)
    if "limit" in word.lower():
        return errors.Retry(60.0, "UIS asks for a pause", whole_account=True)
    return errors.Rejected(f"UIS: {word[:100]}", code="refused")


def _told(event: Event) -> Mapping[str, Any]:
    """The fields of a notification: JSON, what can be made out of broken JSON, or a form."""
    body = event.request.body
    if body.lstrip()[:1] == b"{":
        try:
            tree = safejson.loads(body)
            if isinstance(tree, dict):
                return {**event.request.query, **tree}
        except safejson.Malformed:
            text = storable(safejson.decoded(body[:20_000]))
            found = {m[1]: (m[2] if m[2] is not None else m[3]).strip() for m in _PAIR.finditer(text)}
            return {**event.request.query, **found}
    return event.fields


def _value(told: Mapping[str, Any], key: str, longest: int = 200) -> str:
    """A value that was truly filled in."""
    found = values.text(told, key, longest)
    if found in _FIELDS or found.lower() in ("null", "none") or found.startswith("{{"):
        return ""
    return found


def _what(told: Mapping[str, Any]) -> str:
    """The event: the word of our template, else the name that UIS gives it."""
    name = _value(told, "event", 60) or _value(told, "notification_mnemonic", 60)
    return _ALIASES.get(name, name)


def _at(told: Mapping[str, Any], settings: Settings) -> datetime | None:
    return (
        values.local(_value(told, "start_time"), settings)
        or values.unix(_value(told, "notification_timestamp"))
        or values.local(_value(told, "notification_time"), settings)
    )


def _recording(told: Mapping[str, Any]) -> Media | None:
    url = values.web(_value(told, "file_link", 2000))
    return Media(kind="audio", url=url, mime="audio/mpeg") if url else None


def _touch(told: Mapping[str, Any], settings: Settings) -> Touch | None:
    """What the report knows of the visitor; a notification knows the dialled number only."""
    source = _value(told, "utm_source") or _value(told, "source")
    page = values.web(_value(told, "communication_page_url", 2000))
    campaign = _value(told, "utm_campaign") or _value(told, "campaign_name")
    if not (source or page or campaign):
        return None
    return Touch(
        source=source.lower(),
        medium=_value(told, "utm_medium").lower(),
        campaign=campaign,
        content=_value(told, "utm_content"),
        term=_value(told, "utm_term"),
        page_url=page,
        number=values.phone(_value(told, "virtual_phone_number"), settings),
    )


def _as_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the report as an event of its own: it tells more than the notifications and must not count as one."""
    told = {name: row[name] for name in _REPORT if name in row and name not in ("id", "call_records")}
    told |= {
        "event": "report",
        "call_session_id": row["id"],
        "talk_time_duration": row.get("talk_duration"),
        "wait_time_duration": row.get("wait_duration"),
    }
    records, talk = row.get("call_records"), values.text(row, "communication_id")
    if isinstance(records, list) and records and isinstance(records[0], str) and talk:
        told["file_link"] = f"https://app.uiscom.ru/system/media/talk/{talk}/{records[0]}/"
    return told
