"""A community as an account: its key, its callback server, how both feel.

VK tries a callback server the moment it is added or changed: it sends `confirmation` and wants the code that
`groups.getCallbackConfirmationCode` gives. So the code is kept first and the server added after that; the code in the
community's own pages is another one and will not do here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.protocols import values
from integrations.protocols.channel import Connected, Health, Settings
from integrations.vk import client
from kit import http

TITLE = "Marzha"
MAX_SECRET = 50
RIGHTS = ("messages", "manage")
EVENTS = (
    "message_new",
    "message_reply",
    "message_edit",
    "message_allow",
    "message_deny",
    "message_event",
    "message_read",
    "lead_forms_new",
    "market_order_new",
    "user_block",
    "user_unblock",
)
# Asked of the community itself: without them nobody can write to it, or buttons stay dead.
FEATURES = {"messages": 1, "bots_capabilities": 1, "bots_start_button": 1}

_STATES = {
    "gone": _("VK has no address of ours for this community"),
    "failed": _("VK stopped sending: our address had not answered it"),
    "wait": _("VK has not confirmed our address yet"),
}


def connect(settings: Settings, hook_url: str) -> http.Call[Connected]:
    """Checks the key, switches messages on and registers the hook. See the module for why it takes two calls."""
    group = _group(settings)
    if len(settings.get("secret") or "") > MAX_SECRET:
        raise errors.Rejected("the secret may have 50 characters", code="bad_secret", content=True)
    community = yield from _community(settings, group)
    yield from _check_rights(settings)
    code = yield from _code(settings, group)
    screen = values.text(community, "screen_name", 64) or f"club{group}"
    found = Connected(
        external_id=group,
        name=values.text(community, "name", 200),
        link_base=f"https://vk.me/{screen}",
        details={"screen_name": screen},
        settings={"confirmation": code},
    )
    if settings.get("confirmation") != code:
        return found
    try:
        yield from client.call(settings, "groups.setSettings", {"group_id": group, **FEATURES})
    except errors.Rejected as refusal:
        if refusal.revoked:
            raise
        # Whether they are on shows at the first message; the owner may have reasons of their own.
    yield from _register(settings, group, hook_url)
    # VK changes the code now and then when a server is added: the new one is wanted at the next change.
    return dataclasses.replace(found, settings={"confirmation": (yield from _code(settings, group))})


def health(settings: Settings, hook_url: str) -> http.Call[Health]:
    """Is the callback server known and working? Connecting again makes VK try one that it gave up."""
    server = _ours((yield from _servers(settings, _group(settings))), hook_url)
    status = values.text(server, "status", 32) if server is not None else "gone"
    if status == "ok":
        return Health(ok=True)
    return Health(ok=False, code="hook", reason=_STATES.get(status, _STATES["wait"]))


def disconnect(settings: Settings, hook_url: str) -> http.Call[None]:
    """Takes our callback server away."""
    group = _group(settings)
    server = _ours((yield from _servers(settings, group)), hook_url)
    if server is not None:
        yield from _delete(settings, group, server)


def _register(settings: Settings, group: str, hook_url: str) -> http.Call[None]:
    servers = yield from _servers(settings, group)
    # Addresses of connections that were: each takes one of ten places and would bring every event twice.
    prefix = hook_url.rstrip("/").rpartition("/")[0] + "/"
    for server in servers:
        if values.text(server, "url") != hook_url and values.text(server, "url").startswith(prefix):
            yield from _delete(settings, group, server)
    server = _ours(servers, hook_url) or {}
    number = values.ident(server.get("id"))
    same = server.get("secret_key") == (settings.get("secret") or "")
    if not same or server.get("status") != "ok":
        number = yield from _save(settings, group, hook_url, number)
    yield from client.call(
        settings,
        "groups.setCallbackSettings",
        {
            "group_id": group,
            "server_id": number,
            "api_version": client.VERSION,
            **dict.fromkeys(EVENTS, 1),
        },
    )
    server = _ours((yield from _servers(settings, group)), hook_url) or {}
    if server.get("status") == "failed":
        raise errors.Rejected(
            "VK could not confirm our address: it must be open to the internet over https",
            code="hook_unreachable",
        )


def _save(settings: Settings, group: str, hook_url: str, number: str | None) -> http.Call[str | None]:
    """Adds the callback server or writes it anew, which makes VK try it; its number."""
    told: dict[str, Any] = {
        "group_id": group,
        "url": hook_url,
        "title": TITLE,
        "secret_key": settings.get("secret") or "",
    }
    if number:
        yield from client.call(settings, "groups.editCallbackServer", {**told, "server_id": number})
        return number
    added = yield from client.call(settings, "groups.addCallbackServer", told)
    return values.ident(added.get("server_id")) if isinstance(added, dict) else None


def _delete(settings: Settings, group: str, server: Mapping[str, Any]) -> http.Call[None]:
    told = {"group_id": group, "server_id": values.ident(server.get("id"))}
    yield from client.call(settings, "groups.deleteCallbackServer", told)


def _servers(settings: Settings, group: str) -> http.Call[list[values.Json]]:
    answer = yield from client.call(settings, "groups.getCallbackServers", {"group_id": group})
    return values.children(answer, "items")


def _ours(servers: list[values.Json], hook_url: str) -> values.Json | None:
    return next((server for server in servers if server.get("url") == hook_url), None)


def _code(settings: Settings, group: str) -> http.Call[str]:
    answer = yield from client.call(settings, "groups.getCallbackConfirmationCode", {"group_id": group})
    code = values.text(answer, "code", 100) if isinstance(answer, dict) else ""
    if not code:
        raise errors.Uncertain("VK gave no confirmation code")
    return code


def _community(settings: Settings, group: str) -> http.Call[values.Json]:
    """The community the key belongs to; raises Rejected when it is another one."""
    answer = yield from client.call(settings, "groups.getById")
    # A list before 5.139, `{"groups": […]}` since.
    found = values.children({"groups": answer}, "groups") or values.children(answer, "groups")
    if not found or not values.ident(found[0].get("id")):
        raise errors.Rejected("this is no access key of a community", code="wrong_key")
    if values.ident(found[0].get("id")) != group:
        name = values.text(found[0], "name", 100)
        raise errors.Rejected(f"this key belongs to another community: {name}", code="wrong_group")
    return found[0]


def _check_rights(settings: Settings) -> http.Call[None]:
    """Raises Rejected naming the rights the key lacks: an owner ticks them when making the key, and not later."""
    answer = yield from client.call(settings, "groups.getTokenPermissions")
    given = {values.text(right, "name", 32) for right in values.children(answer, "permissions")}
    missing = [right for right in RIGHTS if right not in given]
    if missing:
        raise errors.Rejected(f"the access key lacks rights: {', '.join(missing)}", code="no_rights")


def _group(settings: Settings) -> str:
    group = client.group_of(settings)
    if not group:
        raise errors.Rejected("the community's number is missing", code="wrong_group")
    return group
