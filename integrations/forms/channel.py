"""Site forms as a channel: inbound only, one address for our own forms, Tilda, quizzes, ad forms and whatever comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.forms import body, fields, generic, googleads, jivo, origins, recognise, tilda
from integrations.protocols.channel import (
    BaseChannel,
    Capabilities,
    Connected,
    Fact,
    Field,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Outgoing,
    Sent,
    Settings,
    secret_matches,
)
from kit import http, safejson

_JSON = {"Content-Type": "application/json"}
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


class FormChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`."""

    kind = "form"
    label = _("Site form")
    capabilities = Capabilities(inbound_only=True, max_text=0)
    fields = (
        Field(
            name="allowed_origins",
            label=_("Sites that may post"),
            help=_("Addresses such as https://salon.example, separated by commas. Empty: any site."),
        ),
        Field(
            name="google_key",
            label=_("Google Ads key"),
            secret=True,
            help=_("Only for lead forms of Google Ads: the key typed into the form's webhook settings."),
        ),
        Field(
            name="honeypot",
            label=_("Hidden field against robots"),
            help=_("Name of the field that people do not see; “website” when left empty."),
        ),
    )
    guide = Guide(
        icon="form",
        text=_("Requests from the forms of your site, of Tilda, of quizzes come into the inbox."),
        steps=(
            _("Press the button: you get an address for your forms."),
            _("Paste the address as the webhook of your form, or take the ready form from the next page."),
        ),
        asks_provider=False,
    )
    refused_status = 403

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """Preflights, probes of site builders, and what can be no lead whatever one does."""
        if request.method == "OPTIONS":
            return _preflight(settings, request)
        if request.method in ("GET", "HEAD"):
            return HookReply(headers=_TEXT, body=b"ok")
        for submission in _submissions(request):
            tree = submission.tree
            # Tilda tries the address when it is saved.
            if tree == {"test": "test"}:
                return HookReply(headers=_TEXT, body=b"ok")
            if tree.get("type") == "lead_forms_new" and "group_id" in tree:
                return HookReply(status=404)
            if _hollow(tree):
                return HookReply(status=400)
        return None

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        """A browser must come from an allowed site; a server shows no Origin and knows the path's token."""
        origin = request.headers.get("origin")
        if origin is not None and not origins.allowed(settings, origin):
            return False
        if settings.get("google_key"):
            for submission in _submissions(request):
                if googleads.matches(submission):
                    given = fields.scalar(submission.tree.get("google_key"))
                    return secret_matches(settings, "google_key", given)
        return True

    def event_id(self, request: HookRequest) -> str | None:
        for submission in _submissions(request):
            return recognise.sender(submission).event_id(submission)
        return None

    def thread_key(self, request: HookRequest) -> str | None:
        """The phone: two forms of one person are read one after the other."""
        for submission in _submissions(request):
            phone, _typed = generic.phone_in(generic.read(submission.tree), "RU")
            return phone
        return None

    def acknowledge(self, settings: Settings, request: HookRequest) -> HookReply:
        """What this sender expects; a plain HTML form is led on to a page of the site or of ours."""
        cors = origins.headers(settings, request.headers)
        submission = next(_submissions(request), None)
        if submission is None:
            return HookReply(headers={**_JSON, **cors}, body=b'{"ok":true}')
        tree = submission.tree
        if tilda.matches(submission):
            if cors:
                # The block posts by script from the browser and reads the answer.
                taken = {"message": "OK", "results": [tilda.event_id(submission)]}
                return HookReply(headers={**_JSON, **cors}, body=safejson.dumps(taken))
            return HookReply(headers=_TEXT, body=b"ok")
        if "jsonrpc" in tree:
            answer: dict[str, Any] = {"jsonrpc": "2.0", "result": "ok", "id": _rpc_id(tree)}
            return HookReply(headers={**_JSON, **cors}, body=safejson.dumps(answer))
        if googleads.matches(submission):
            return HookReply(headers=_JSON, body=b"{}")
        if jivo.matches(submission):
            return HookReply(headers=_JSON, body=b'{"result":"ok"}')
        if submission.encoding != "json" and _navigates(request.headers):
            location = origins.redirect(settings, fields.scalar(tree.get("redirect")))
            if location:
                return HookReply(status=303, headers={"Location": location})
            return HookReply(headers=_TEXT, body=b"ok", page="thank_you")
        return HookReply(headers={**_JSON, **cors}, body=b'{"ok":true}')

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            found: list[Fact] = []
            for submission in body.submissions(request):
                found += recognise.sender(submission).facts(submission, settings)
            return found
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable form ({type(error).__name__})") from error

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        return http.failed(errors.Rejected("nothing can be sent to a form", code="inbound_only"))

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        return http.done(Connected(link_base=hook_url))

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        return http.done(Health(ok=True))


def _submissions(request: HookRequest) -> Iterator[body.Submission]:
    """The submissions of a request, none when it cannot be read: for the questions that never raise."""
    try:
        yield from body.submissions(request)
    except (errors.ParseError, ValueError, RecursionError):
        return


def _preflight(settings: Settings, request: HookRequest) -> HookReply:
    cors = origins.headers(settings, request.headers)
    if not cors:
        return HookReply(status=403)
    return HookReply(
        status=204,
        headers={
            **cors,
            "Access-Control-Allow-Methods": "POST, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
            "Access-Control-Max-Age": "600",
        },
    )


def _navigates(headers: Mapping[str, str]) -> bool:
    """Was this posted by a page's form, whose answer a person will see?"""
    mode = headers.get("sec-fetch-mode")
    if mode:
        return mode == "navigate"
    return "text/html" in headers.get("accept", "")


def _hollow(tree: Mapping[str, Any], depth: int = 1) -> bool:
    """Nested deeper than any form and without one word in it: the only well-formed body that can be no lead."""
    deep, word = False, False
    stack: list[tuple[Any, int]] = [(tree, depth)]
    while stack and not word:
        value, level = stack.pop()
        deep = deep or level > fields.DEEPEST
        if isinstance(value, Mapping):
            stack += [(inner, level + 1) for inner in value.values() if isinstance(inner, dict | list | str)]
        elif isinstance(value, list):
            stack += [(inner, level + 1) for inner in value if isinstance(inner, dict | list | str)]
        else:
            word = bool(value.strip())
    return deep and not word


def _rpc_id(tree: Mapping[str, Any]) -> str | int | None:
    ident = tree.get("id")
    return ident if isinstance(ident, str | int) and not isinstance(ident, bool) else None


CHANNEL = FormChannel()
