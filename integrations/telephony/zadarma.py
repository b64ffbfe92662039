"""Zadarma, and Novofon's first platform, which speaks the same protocol. Source: zadarma/user-api-v1.

Events are forms signed in the header `Signature`: base64 of the hex HMAC-SHA1 of a few fields (some senders encode
the raw digest instead). The address is checked once by `zd_echo`. `pbx_call_id` is the call. An answer that is an
error makes the provider switch the notifications off, so unknown events are taken and ignored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import hookform
from integrations.protocols.channel import (
    Connected,
    Fact,
    Guide,
    Health,
    HookReply,
    Ignored,
    Media,
    Settings,
)
from integrations.telephony import guides, provider, values
from integrations.telephony.provider import Event, Provider
from kit import http

_SIGNED: Mapping[str, tuple[str, ...]] = {
    "NOTIFY_START": ("caller_id", "called_did", "call_start"),
    "NOTIFY_INTERNAL": ("caller_id", "called_did", "call_start"),
    "NOTIFY_END": ("caller_id", "called_did", "call_start"),
    "NOTIFY_IVR": ("caller_id", "called_did", "call_start"),
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": ("internal", "destination", "call_start"),
    "NOTIFY_OUT_END": ("internal", "destination", "call_start"),
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
_WANTED = ("start", "internal", "answer", "end", "out_start", "out_end", "record")


class Zadarma(Provider):
    """See `Provider`."""

    name = "zadarma"
    guide: ClassVar[Guide] = guides.ZADARMA
    needed = ("api_key", "api_secret")
    default = "https://api.zadarma.com"
    label = "Zadarma"

    def matches(self, event: Event) -> bool:
        return event.fields.get("event", "").startswith("NOTIFY_")

    def handshake(self, settings: Settings, event: Event) -> HookReply | None:
        """The provider tries the address with a word that it wants to see again."""
        echo = event.request.query.get("zd_echo")
        if echo is not None:
            body = echo.encode("utf-8", "replace")[:500]
            return HookReply(headers={"Content-Type": "text/plain; charset=utf-8"}, body=body)
        return None

    def verify(self, settings: Settings, event: Event) -> bool:
        names = _SIGNED.get(event.fields.get("event", ""))
        if names is None:
            return self.matches(event)  # carries nothing that anybody would act on
        raw = hookform.raw(event.request)
        told = b"".join(raw.get(name, b"") for name in names)
        given = event.request.headers.get("signature", "").strip().encode("utf-8", "replace")
        matched = False
        for secret in (settings.get("api_secret") or "", settings.get("api_secret_previous") or ""):
            digest = hmac.new(secret.encode("utf-8", "replace"), told, hashlib.sha1)
            for proof in (digest.hexdigest().encode(), digest.digest()):
                matched |= bool(secret) & hmac.compare_digest(base64.b64encode(proof), given)
        return matched

    def event_id(self, event: Event) -> str | None:
        fields = event.fields
        call = fields.get("pbx_call_id", "")[:80]
        if not call:
            return None
        names = ("call_start", "internal", "destination", "call_id_with_rec")
        told = ":".join([fields["event"], call, *(fields.get(name, "")[:40] for name in names)])
        return told.rstrip(":")

    def call_id(self, event: Event) -> str:
        return event.fields.get("pbx_call_id", "")

    def facts(self, settings: Settings, event: Event) -> list[Fact]:
        fields, what = event.fields, event.fields.get("event", "")
        if what not in _SIGNED or what == "NOTIFY_IVR":
            return [Ignored(f"nothing about a call itself ({what[:60]})")]
        call = provider.required(fields.get("pbx_call_id", "")[:200])
        if what == "NOTIFY_RECORD":
            return [provider.recorded(call, _recording(call, fields))]
        out = what in ("NOTIFY_OUT_START", "NOTIFY_OUT_END") or call.startswith("out_")
        other = fields.get("destination" if out else "caller_id", "")
        if values.internal(other):
            return [Ignored("a call between colleagues")]
        states: Mapping[str, provider.State] = {"NOTIFY_ANSWER": "answered"}
        state = states.get(what, "ringing")
        spoke = fields.get("disposition", "").lower() == "answered"
        final = what in ("NOTIFY_END", "NOTIFY_OUT_END")
        if final:
            state = "ended" if spoke else "missed"
        has_file = final and fields.get("is_recorded") in ("1", "true") and fields.get("call_id_with_rec")
        return [
            provider.happened(
                settings,
                call,
                state,
                out=out,
                other=other,
                line=fields.get("caller_id" if out else "called_did", ""),
                at=values.local(fields.get("call_start", ""), settings),
                seconds=((values.number(fields.get("duration")) or 0) if spoke else 0) if final else None,
                answered_by=_by(fields) if state in ("answered", "ended") else "",
                recording=_recording(call, fields) if has_file else None,
            )
        ]

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        provider.missing(settings, self.needed)
        yield from self._ask(settings, "GET", "/v1/info/balance/", {})
        yield from self._ask(settings, "POST", "/v1/pbx/callinfo/url/", {"url": hook_url})
        wanted = {f"notify_{name}": "true" for name in _WANTED}
        yield from self._ask(settings, "POST", "/v1/pbx/callinfo/notifications/", wanted)
        return Connected(external_id=settings["api_key"][:6], name=self.label)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        balance = yield from self._ask(settings, "GET", "/v1/info/balance/", {})
        info = yield from self._ask(settings, "GET", "/v1/pbx/callinfo/", {})
        url = values.text(info, "url", 2000)
        if "url" in info and not url:
            return Health(ok=False, reason=_("the provider has no address of ours: connect it again"))
        if url and url != hook_url:
            return Health(ok=False, reason=_("calls are reported to another service"))
        if _empty(balance.get("balance")):
            return Health(ok=False, reason=_("the money at the provider is over: top up the balance"))
        return Health(ok=True)

    def disconnect(self, settings: Settings, hook_url: str) -> http.Call[None]:
        info = yield from self._ask(settings, "GET", "/v1/pbx/callinfo/", {})
        if values.text(info, "url", 2000) == hook_url:
            off = {f"notify_{name}": "false" for name in _WANTED}
            yield from self._ask(settings, "POST", "/v1/pbx/callinfo/notifications/", off)

    def locate(self, settings: Settings, media: Media) -> http.Call[http.Request] | None:
        return self._file(settings, media.ref) if "|" in media.ref else None

    def _file(self, settings: Settings, ref: str) -> http.Call[http.Request]:
        call, _bar, recording = ref.partition("|")
        asked = {"pbx_call_id": call, "call_id": recording, "lifetime": "3600"}
        answer = yield from self._ask(settings, "GET", "/v1/pbx/record/request/", asked)
        links = answer.get("links")
        url = values.web(values.text(answer, "link", 2000)) or next(
            (values.web(link) for link in links if isinstance(link, str))
            if isinstance(links, list)
            else iter(()),
            "",
        )
        if not url:
            raise errors.Retry(60.0, "the recording is not there yet")
        return http.Request("GET", url, timeout=60.0)

    def _ask(
        self, settings: Settings, method: str, path: str, asked: Mapping[str, str]
    ) -> http.Call[Mapping[str, Any]]:
        told = urlencode(sorted({**asked, "format": "json"}.items()))
        request = http.Request(
            method,
            f"{self.base(self.default)}{path}" + (f"?{told}" if method == "GET" else ""),
            content=told.encode() if method != "GET" else None,
            headers={
                "Authorization": authorization(settings, path, told),
                **({"Content-Type": "application/x-www-form-urlencoded"} if method != "GET" else {}),
            },
            timeout=provider.TIMEOUT,
        )
        response = yield request
        answer = provider.answer_of(response, self.label)
        if answer.get("status") == "error" or response.status >= 400:
            said = values.text(answer, "message")
            if "not found" in said.lower() and "record" in path:
                raise errors.Retry(60.0, "the recording is not there yet")
            raise errors.Rejected(f"{self.label}: {said or response.status}", code="refused")
        return answer


class Novofon(Zadarma):
    """The same protocol under another name and address."""

    name = "novofon"
    guide = guides.NOVOFON
    default = "https://api.novofon.com"
    label = "Novofon"


def authorization(settings: Settings, path: str, told: str) -> str:
    """The header over a call: key, colon, base64 of the hex HMAC-SHA1 of path, parameters and their MD5."""
    text = path + told + hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()
    secret = (settings.get("api_secret") or "").encode("utf-8", "replace")
    sign = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha1).hexdigest().encode()).decode()
    return f"{settings.get('api_key') or ''}:{sign}"


def _recording(call: str, fields: Mapping[str, str]) -> Media:
    ident = fields.get("call_id_with_rec", "")[:100]
    if not ident:
        raise errors.ParseError("a recording without a name")
    return Media(kind="audio", ref=f"{call}|{ident}", mime="audio/mpeg")


def _by(fields: Mapping[str, str]) -> str:
    """The extension that took it."""
    return (fields.get("last_internal") or fields.get("internal") or "")[:100]


def _empty(balance: Any) -> bool:
    try:
        return float(str(balance)) <= 0
    except ValueError:
        return False
