"""Sipuni: events of the PBX in the address or in a form. Source: doc.sipuni.com, articles on events of the PBX.

There is no signature: the path's token stands alone, beside it a `secret` in the address where the owner wants one.
The answer must be `{"success": true}`, or the sending may be suspended.
"""

from __future__ import annotations

from collections.abc import Mapping

from integrations import errors
from integrations.protocols.channel import (
    Connected,
    Fact,
    HookReply,
    Ignored,
    Media,
    Settings,
    secret_matches,
)
from integrations.telephony import guides, provider, values
from integrations.telephony.provider import Event, Provider
from kit import http

_THANKS = HookReply(headers=provider.JSON, body=b'{"success":true}')
_RINGS, _HANGUP, _ANSWER, _LEG_ENDS = "1", "2", "3", "4"
_EXTERNAL, _INTERNAL = "1", "2"


class Sipuni(Provider):
    """See `Provider`."""

    name = "sipuni"
    guide = guides.SIPUNI

    def matches(self, event: Event) -> bool:
        fields = event.fields
        return "call_id" in fields and fields.get("event", "").isdigit() and "src_num" in fields

    def handshake(self, settings: Settings, event: Event) -> HookReply | None:
        """Saving the address calls it without any event."""
        return None if event.fields.get("event") or event.request.body.strip() else _THANKS

    def verify(self, settings: Settings, event: Event) -> bool:
        if not settings.get("secret"):
            return True
        return secret_matches(settings, "secret", event.fields.get("secret"))

    def event_id(self, event: Event) -> str | None:
        fields = event.fields
        call, what = fields["call_id"][:80], fields["event"][:4]
        if what == _HANGUP:
            return f"{what}:{call}"
        whom = fields.get("short_dst_num") or fields.get("dst_num", "")
        return f"{what}:{call}:{whom[:40]}:{fields.get('timestamp', '')[:20]}"

    def call_id(self, event: Event) -> str:
        return event.fields.get("call_id", "")

    def acknowledge(self, settings: Settings, event: Event) -> HookReply:
        return _THANKS

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        fields, what = event.fields, event.fields.get("event", "")
        if what not in (_RINGS, _HANGUP, _ANSWER, _LEG_ENDS):
            return [Ignored(f"nothing about a call itself ({what[:40]})")]
        call = provider.required(fields.get("call_id", "")[:200])
        from_outside = fields.get("src_type") == _EXTERNAL
        out = not from_outside and fields.get("dst_type") == _EXTERNAL
        if fields.get("is_inner_call") == "1" or not (from_outside or out):
            return [Ignored("a call between colleagues")]
        if what == _LEG_ENDS:
            return [Ignored("a leg of a call has ended")]
        states: Mapping[str, provider.State] = {_RINGS: "ringing", _ANSWER: "answered"}
        spoke = fields.get("status", "").upper() == "ANSWER"
        state: provider.State = states.get(what) or ("ended" if spoke else "missed")
        began = values.number(fields.get("call_start_timestamp"))
        taken = values.number(fields.get("call_answer_timestamp"))
        now = values.number(fields.get("timestamp"))
        url = values.web(fields.get("call_record_link", ""))
        final = what == _HANGUP
        return [
            provider.happened(
                settings,
                call,
                state,
                out=out,
                other=fields.get("dst_num" if out else "src_num", ""),
                line=_line(fields, out, settings),
                at=values.unix(began or now),
                seconds=(values.seconds(now, taken) if spoke else 0) if final else None,
                waited=values.seconds(taken or now, began) if final else None,
                answered_by=_by(fields, out) if state in ("answered", "ended") else "",
                recording=Media(kind="audio", url=url, mime="audio/mpeg") if final and url else None,
            )
        ]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return http.done(Connected(name="Sipuni"))

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        """The link needs no key and lives a while only."""
        if not media.url:
            return http.failed(errors.Rejected("the recording has no address", code="gone"))
        return http.done(http.Request("GET", media.url, timeout=60.0))


def _line(fields: Mapping[str, str], out: bool, settings: Settings) -> str:
    """The account's own number, where the event names it."""
    known = ("pbxdstnum", "src_num") if out else ("pbxdstnum", "dst_num")
    return next((fields[name] for name in known if values.phone(fields.get(name, ""), settings)), "")


def _by(fields: Mapping[str, str], out: bool) -> str:
    side = "src" if out else "dst"
    return (fields.get(f"short_{side}_num") or fields.get(f"{side}_num") or "")[:100]
