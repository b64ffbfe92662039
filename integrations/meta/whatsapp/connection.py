"""Connecting a number: who it is, which account it belongs to, where its events go, whether all that still holds.

Events about messages go to the number's own address where it has one (`webhook_configuration`); news of templates
and of the account always go to the app's address. Source:
developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override.
"""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.meta import apps, client, meanings, values
from integrations.meta.client import Graph
from integrations.meta.whatsapp.parse import OBJECT
from integrations.protocols.channel import Connected, Health, Settings
from kit import http

# What the app is to report. Calls, groups and the phone's history are not among our affairs.
FIELDS = (
    "messages",
    "smb_message_echoes",
    "user_preferences",
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
    "account_update",
    "account_review_update",
    "phone_number_quality_update",
    "phone_number_name_update",
)
_PHONE_FIELDS = (
    "id,display_phone_number,verified_name,status,quality_rating,platform_type,webhook_configuration"
)
_SCOPE = "whatsapp_business_management"

# What a number's status says against it; others ("CONNECTED", "FLAGGED" …) let it work.
_STATUSES: dict[str, Any] = {
    "BANNED": _("WhatsApp has banned the number."),
    "RESTRICTED": _("WhatsApp has restricted the number: it may not write first for a while."),
    "RATE_LIMITED": _("WhatsApp holds the number's messages back: it sent too many."),
    "DISCONNECTED": _("The number is disconnected from the Cloud API: register it in WhatsApp Manager."),
    "MIGRATED": _("The number was moved to another WhatsApp account."),
    "DELETED": _("The number was deleted from the WhatsApp account."),
    "PENDING": _("The number is not registered with the Cloud API yet: register it in WhatsApp Manager."),
    "UNVERIFIED": _("The number is not confirmed yet: confirm it by the code in WhatsApp Manager."),
}


def graph_of(settings: Settings) -> Graph:
    """The account's way to the Graph API."""
    return Graph(
        base=client.facebook_url(),
        token=settings.get("access_token") or "",
        table=meanings.WHATSAPP,
        app_secret=settings.get("app_secret") or "",
    )


def phone_id(settings: Settings) -> str:
    """The number's id as a part of a path; raises Rejected."""
    return client.object_id(settings.get("phone_number_id") or "", "phone number id")


def business_account(settings: Settings, app: apps.App | None = None) -> http.Call[str]:
    """The id of the WhatsApp Business account: as given, else the one the token was granted; raises Rejected."""
    given = settings.get("business_account_id") or ""
    if given:
        return client.object_id(given, "WhatsApp Business account id")
    graph, number = graph_of(settings), phone_id(settings)
    app = app or (yield from apps.of(graph, settings.get("app_id") or ""))
    candidates = yield from apps.granted(app, graph.token, _SCOPE)
    for candidate in candidates:
        account = client.object_id(candidate, "WhatsApp Business account id")
        answer = yield from graph.call(
            "GET", f"{account}/phone_numbers", query={"fields": "id", "limit": 100}
        )
        if any(values.ident(phone, "id") == number for phone in values.items(answer, "data")):
            return account
    raise errors.Rejected(
        str(_("Meta does not tell which WhatsApp Business account the number belongs to: give its id.")),
        code="no_business_account",
    )


def connect(settings: Settings, hook_url: str) -> http.Call[Connected]:
    """Checks token, number and app secret, and sends the number's events to `hook_url`."""
    graph, number = graph_of(settings), phone_id(settings)
    phone = yield from graph.call("GET", number, query={"fields": _PHONE_FIELDS})
    if values.ident(phone, "id") != number:
        raise errors.Uncertain("the answer is not the number")
    app = yield from apps.of(graph, settings.get("app_id") or "")
    token = settings.get("verify_token") or ""
    yield from apps.subscribe(app, OBJECT, FIELDS, hook_url, token)
    account = yield from business_account(settings, app)
    yield from graph.call("POST", f"{account}/subscribed_apps")
    yield from _override(graph, number, hook_url, token)
    shown = values.text(phone, "display_phone_number", 32)
    digits = re.sub(r"\D", "", shown)
    return Connected(
        external_id=number,
        name=values.text(phone, "verified_name", 255) or shown,
        link_base=f"https://wa.me/{digits}" if digits else "",
        details={"phone": shown, "app_id": app.number},
        # With it, news of other accounts that share the app is told apart.
        settings={"business_account_id": account},
    )


def health(settings: Settings, hook_url: str) -> http.Call[Health]:
    """Is the number alive, liked and reporting to us?"""
    graph, number = graph_of(settings), phone_id(settings)
    phone = yield from graph.call("GET", number, query={"fields": _PHONE_FIELDS})
    trouble = _STATUSES.get(values.text(phone, "status", 32).upper())
    if trouble is not None:
        return Health(ok=False, reason=trouble)
    hooks = values.child(phone, "webhook_configuration")
    # The narrowest address that is set is the one in force.
    order = ("phone_number", "whatsapp_business_account", "application")
    url = next((found for key in order if (found := values.text(hooks, key, 2000))), "")
    if not url:
        return Health(ok=False, reason=_("WhatsApp has no address of ours for this number"), code="hook")
    if url != hook_url:
        # Without the address: it may be a secret of whoever took the number over.
        return Health(ok=False, reason=_("the number reports to another service"), code="taken")
    if values.text(phone, "quality_rating", 16).upper() == "RED":
        low = _("WhatsApp rates the number low: clients block it or report its messages.")
        return Health(ok=False, reason=low)
    return Health(ok=True)


def disconnect(settings: Settings, hook_url: str) -> http.Call[None]:
    """Takes the number's own address back if it is ours. The app stays with the account: other numbers may use it."""
    graph, number = graph_of(settings), phone_id(settings)
    phone = yield from graph.call("GET", number, query={"fields": _PHONE_FIELDS})
    if values.text(values.child(phone, "webhook_configuration"), "phone_number", 2000) == hook_url:
        yield from _override(graph, number, "", "")


def _override(graph: Graph, number: str, url: str, token: str) -> http.Call[None]:
    configuration = {"override_callback_uri": url}
    if url:
        configuration["verify_token"] = token
    yield from graph.call("POST", number, json={"webhook_configuration": configuration})
