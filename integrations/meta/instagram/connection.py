"""Connecting an account by either of two ways: Instagram's own login, or Facebook's through the page it is linked to.

With Instagram's login events are signed by the secret of the app's Instagram product and the address is set in the
app dashboard; with Facebook's, by the app's own secret, and the address can be registered by us.
"""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import apps, client, meanings, values
from integrations.meta.client import Graph
from integrations.meta.instagram.parse import OBJECT
from integrations.meta.values import Json
from integrations.protocols.channel import Connected, Health, Settings
from kit import http

FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "messaging_referral",
    "message_reactions",
    "comments",
    "live_comments",
)
# The fields a page knows; those of Instagram are chosen for the whole app.
_PAGE_FIELDS = ("messages", "messaging_postbacks", "messaging_referrals")


@dataclasses.dataclass(frozen=True, slots=True)
class Renewed:
    """A fresh token: `changes` are settings to keep, `seconds` how long it lives (0: not told)."""

    changes: dict[str, str] = dataclasses.field(repr=False)
    seconds: int


def graph_of(settings: Settings) -> Graph:
    """The account's way to the Graph API."""
    token = settings.get("access_token") or ""
    own = client.own_login(token)
    return Graph(
        base=client.instagram_url(token),
        token=token,
        table=meanings.INSTAGRAM,
        app_secret="" if own else settings.get("app_secret") or "",
    )


def connect(settings: Settings, hook_url: str) -> http.Call[Connected]:
    """Checks the token and that it belongs to the account, and subscribes the app to the account's events."""
    graph = graph_of(settings)
    wanted = client.object_id(settings.get("account_id") or "", "account id")
    if client.own_login(graph.token):
        account = yield from graph.call("GET", "me", query={"fields": "id,user_id,username,name"})
        # `id` is the app's own name for the account; events name it by `user_id`.
        number = values.ident(account, "user_id") or values.ident(account, "id")
        fields: tuple[str, ...] = FIELDS
        app_id = ""
    else:
        account = yield from graph.call("GET", wanted, query={"fields": "id,username,name"})
        number = values.ident(account, "id")
        fields = _PAGE_FIELDS
        app_id = yield from _register(graph, settings, hook_url)
    if number != wanted:
        raise errors.Rejected(
            str(_("The token belongs to another account: its id is %s.") % (number or "?")),
            code="wrong_account",
        )
    yield from graph.call("POST", "me/subscribed_apps", query={"subscribed_fields": ",".join(fields)})
    username = values.text(account, "username", 64)
    return Connected(
        external_id=number,
        name=values.text(account, "name", 255) or username,
        link_base=f"https://ig.me/m/{username}" if username else "",
        details={"username": username},
        # With it, echoes of our own messages are told apart from a colleague's.
        settings={"app_id": app_id} if app_id else {},
    )


def health(settings: Settings, hook_url: str) -> http.Call[Health]:
    """Is the token alive and the account still subscribed? The address itself is shown to the app alone."""
    graph = graph_of(settings)
    answer = yield from graph.call("GET", "me/subscribed_apps")
    app_id = settings.get("app_id") or ""
    for app in values.items(answer, "data"):
        if app_id and values.ident(app, "id") not in ("", app_id):
            continue
        if "messages" in _names(app):
            return Health(ok=True)
    lost = _("Instagram does not report this account's messages: connect it again.")
    return Health(ok=False, reason=lost, code="hook")


def disconnect(settings: Settings, hook_url: str) -> http.Call[None]:
    """Ends the subscription; harmless when there is none."""
    try:
        yield from graph_of(settings).call("DELETE", "me/subscribed_apps")
    except errors.Rejected as refusal:
        if refusal.revoked:
            raise


def renew(settings: Settings) -> http.Call[Renewed | None]:
    """A token for 60 more days, to be asked for when the present one is at least a day old and not expired.

    None for the tokens of pages, which do not expire. Raises `integrations.errors`.
    """
    graph = graph_of(settings)
    if not client.own_login(graph.token):
        return None
    answer = yield from graph.call(
        "GET",
        "refresh_access_token",
        query={"grant_type": "ig_refresh_token", "access_token": graph.token},
    )
    token = values.text(answer, "access_token", 2000)
    if not token:
        raise errors.Uncertain("the answer holds no token")
    return Renewed({"access_token": token}, values.number(answer.get("expires_in")) or 0)


def _register(graph: Graph, settings: Settings, hook_url: str) -> http.Call[str]:
    """Registers the address for the app behind a page's token; the app's number."""
    app = yield from apps.of(graph, settings.get("app_id") or "")
    yield from apps.subscribe(app, OBJECT, FIELDS, hook_url, settings.get("verify_token") or "")
    return app.number


def _names(app: Json) -> list[str]:
    """Subscribed fields of an app, by whichever of the two names they come."""
    found = app.get("subscribed_fields") or app.get("fields")
    if not isinstance(found, list):
        return []
    return [str(field.get("name") if isinstance(field, dict) else field) for field in found]
