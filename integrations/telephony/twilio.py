"""Calls to a number at Twilio, which rings the owner's phone. Source: Twilio's documentation and library.

The number's voice address gets the call and answers TwiML that dials `forward_to`; below it `dial` hears how that
dialling ended and `status` how the whole call did. Every request is signed over its address and form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols.channel import Connected, Fact, Health, HookReply, Ignored, Media, Settings
from integrations.telephony import guides, provider, values
from integrations.telephony.provider import Event, Provider
from integrations.twilio import client, signature
from kit import http

_XML = {"Content-Type": "text/xml"}
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>'
_MISSED = frozenset({"no-answer", "busy", "failed", "canceled"})
_RING_SECONDS = 25


class Twilio(Provider):
    """See `Provider`."""

    name = "twilio"
    guide = guides.TWILIO
    needed = ("account_sid", "auth_token")

    def matches(self, event: Event) -> bool:
        return bool(event.fields.get("CallSid"))

    def verify(self, settings: Settings, event: Event) -> bool:
        return signature.valid(settings, event.request, token="auth_token")

    def event_id(self, event: Event) -> str | None:
        fields = event.fields
        words = (
            fields.get("DialCallStatus", ""),
            fields.get("CallStatus", ""),
            fields.get("RecordingSid", ""),
        )
        step = event.path[:20] or "voice"
        return f"{step}:{fields['CallSid'][:64]}:" + ":".join(word[:40] for word in words).rstrip(":")

    def call_id(self, event: Event) -> str:
        # The leg to the owner's phone is a part of the caller's call.
        return event.fields.get("ParentCallSid") or event.fields.get("CallSid", "")

    def acknowledge(self, settings: Settings, event: Event) -> HookReply:
        if event.path == "dial":
            return HookReply(headers=_XML, body=_HEAD + b"<Response><Hangup/></Response>")
        if event.path or "CallDuration" in event.fields:
            return HookReply(status=204)
        return HookReply(headers=_XML, body=_HEAD + _dial(settings, event).encode())

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        fields = event.fields
        call = provider.required(self.call_id(event)[:200])
        if fields.get("RecordingUrl") and fields.get("RecordingSid") and not fields.get("DialCallStatus"):
            return [provider.recorded(call, _recording(fields))]
        direction = fields.get("Direction", "inbound").lower()
        if direction == "outbound-dial" or fields.get("ParentCallSid"):
            return [Ignored("the leg to our own phone")]
        out = direction.startswith("outbound")
        dialled, status = fields.get("DialCallStatus", "").lower(), fields.get("CallStatus", "").lower()
        more: dict[str, Any] = {"at": _at(fields.get("Timestamp", ""))}
        state: provider.State
        if dialled:
            spoke = dialled in ("completed", "answered")
            state = "ended" if spoke else "missed"
            more["seconds"] = (values.number(fields.get("DialCallDuration")) or 0) if spoke else 0
            more["answered_by"] = (settings.get("forward_to") or "")[:40] if spoke else ""
            more["recording"] = _recording(fields) if fields.get("RecordingUrl") else None
        elif status in _MISSED:
            state, more["seconds"] = "missed", 0
        elif status == "completed":
            # With a phone to ring, the caller's own call "completes" whether that phone was picked up or not.
            if settings.get("forward_to") and not out:
                return [Ignored("the end of a call, told by how the dialling ended")]
            state, more["seconds"] = "ended", values.number(fields.get("CallDuration")) or 0
        elif status == "in-progress" and event.path == "status":
            return [Ignored("the call is being connected")]
        else:
            state = "ringing"
        client_side, line = ("To", "From") if out else ("From", "To")
        # A mobile that forwards its calls here names itself: that is the number which was dialled.
        forwarded = fields.get("ForwardedFrom", "") if not out else ""
        return [
            provider.happened(
                settings,
                call,
                state,
                out=out,
                other=fields.get(client_side, ""),
                line=fields.get(line, ""),
                shown=forwarded,
                **more,
            )
        ]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        provider.missing(settings, self.needed)
        if settings.get("forward_to") and not values.phone(settings["forward_to"], settings):
            raise errors.Rejected(
                str(_("Write the phone to ring with its country's code.")), code="missing", content=True
            )
        account = yield from _call(settings, "")
        number = yield from _number(settings)
        wanted = {"VoiceUrl": hook_url, "VoiceMethod": "POST", "StatusCallback": f"{hook_url}status"}
        if (number.get("voice_url"), number.get("status_callback")) != (hook_url, wanted["StatusCallback"]):
            yield from _call(settings, f"IncomingPhoneNumbers/{number['sid']}", method="POST", form=wanted)
        return Connected(
            external_id=values.text(number, "phone_number"),
            name=f"{str(account.get('friendly_name') or 'Twilio')[:80]} {values.text(number, 'phone_number')}",
        )

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        account = yield from _call(settings, "")
        if account.get("status") not in (None, "active"):
            return Health(ok=False, reason=_("Twilio has suspended the account"))
        number = yield from _number(settings)
        if number.get("voice_url") != hook_url:
            return Health(ok=False, reason=_("calls to this number go to another service"))
        return Health(ok=True)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        number = yield from _number(settings)
        if number.get("voice_url") == hook_url:
            form = {"VoiceUrl": "", "StatusCallback": ""}
            yield from _call(settings, f"IncomingPhoneNumbers/{number['sid']}", method="POST", form=form)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """A recording lies behind the account's keys, unless the owner opened it."""
        if not media.url:
            return None
        base = client.base_url()
        ours = media.url.startswith((f"{base}/", f"{client.DEFAULT_URL}/"))
        keys = client.authorization(settings.get("account_sid") or "", settings.get("auth_token") or "")
        return http.done(http.Request("GET", media.url, headers=keys if ours else {}, timeout=60.0))


def _dial(settings: Settings, event: Event) -> str:
    """TwiML that rings the owner's phone; without one the line is busy, which makes a missed call of it."""
    phone = values.phone(settings.get("forward_to") or "", settings)
    # A phone that forwarded the call to us, or that calls itself, must not be rung again: the call would go round.
    asked_by = {values.phone(event.fields.get(name, ""), settings) for name in ("From", "ForwardedFrom")}
    if not phone or phone in asked_by:
        return '<Response><Reject reason="busy"/></Response>'
    # The caller hears the ringing until somebody answers; a call given up before counts as not answered then.
    return (
        f'<Response><Dial action="dial" method="POST" answerOnBridge="true" timeout="{_RING_SECONDS}">'
        f"{escape(phone)}</Dial></Response>"
    )


def _recording(fields: Mapping[str, str]) -> Media:
    url = values.web(fields.get("RecordingUrl", ""))
    if not url:
        raise errors.ParseError("a recording without an address")
    length = values.number(fields.get("RecordingDuration"))
    name = url if url.endswith((".mp3", ".wav")) else f"{url}.mp3"
    return Media(
        kind="audio", ref=fields.get("RecordingSid", "")[:64], url=name, seconds=length, mime="audio/mpeg"
    )


def _at(raw: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(raw)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else None


def _call(settings: Settings, path: str, **more: Any) -> http.Call[dict[str, Any]]:
    sid, token = settings.get("account_sid") or "", settings.get("auth_token") or ""
    return (yield from client.call(sid, token, path, **more))


def _number(settings: Settings) -> http.Call[Mapping[str, Any]]:
    """The number that is meant: the setting `number`, else the account's only one. Raises Rejected (content)."""
    wanted = values.phone(settings.get("number") or "", settings)
    query = {"PhoneNumber": wanted} if wanted else {"PageSize": "2"}
    answer = yield from _call(settings, "IncomingPhoneNumbers", query=query)
    listed = answer.get("incoming_phone_numbers")
    rows = (
        [row for row in listed if isinstance(row, dict) and row.get("sid")]
        if isinstance(listed, list)
        else []
    )
    if len(rows) != 1:
        raise errors.Rejected(
            str(_("Twilio has several numbers or none: write the one that is meant.")),
            code="missing",
            content=True,
        )
    return rows[0]
