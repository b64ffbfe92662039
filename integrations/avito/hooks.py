"""Our address at Avito: subscribed, looked after, taken back.

Several addresses may be subscribed at once, and each gets every message: an address of ours left over from an older
connection would double the work, so it is taken back.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.avito import client, values
from integrations.protocols.channel import Connected, Health, Settings
from kit import http


def connect(settings: Settings, hook_url: str) -> http.Call[Connected]:
    """Checks the keys and the profile number, subscribes `hook_url`, takes stale addresses of ours back."""
    number = client.account(settings)
    me = yield from client.call(settings, "GET", "/core/v1/accounts/self")
    found = values.ident(me.get("id")) if isinstance(me, dict) else ""
    if not found:
        raise errors.Uncertain("the answer is not an account")
    if found != number:
        raise errors.Rejected(
            f"the keys belong to profile {found}, not {number}", code="wrong_account", content=True
        )
    yield from client.call(settings, "POST", "/messenger/v3/webhook", json={"url": hook_url})
    for url in (yield from subscribed(settings)):
        if url != hook_url and _ours(url, hook_url):
            yield from unsubscribe(settings, url)
    return Connected(
        external_id=found,
        name=values.text(me, "name", 255),
        details={"profile_url": values.web(me, "profile_url")},
    )


def health(settings: Settings, hook_url: str) -> http.Call[Health]:
    """Do the keys work, and does Avito report to `hook_url`?"""
    if hook_url in (yield from subscribed(settings)):
        return Health(ok=True)
    return Health(ok=False, reason=_("Avito does not report to us any more: press “Connect” once more."))


def subscribed(settings: Settings) -> http.Call[list[str]]:
    """The addresses that get this account's messages."""
    found = yield from client.call(settings, "POST", "/messenger/v1/subscriptions")
    return [url for row in values.rows(found, "subscriptions") if (url := values.web(row, "url"))]


def unsubscribe(settings: Settings, url: str) -> http.Call[None]:
    """Takes an address back; one that is not there is as good as taken back."""
    try:
        yield from client.call(settings, "POST", "/messenger/v1/webhook/unsubscribe", json={"url": url})
    except errors.Rejected as refusal:
        if refusal.code not in ("chat_not_found", "bad_request"):
            raise


def _ours(url: str, hook_url: str) -> bool:
    """Is this another hook of the same installation? (Ours all end in a token, so the folder tells.)"""
    theirs, own = urlsplit(url), urlsplit(hook_url)
    folder = own.path.rstrip("/").rpartition("/")[0] + "/"
    same = (theirs.scheme, theirs.netloc) == (own.scheme, own.netloc)
    return same and len(folder) > 1 and theirs.path.startswith(folder)
