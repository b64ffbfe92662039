"""What is asked about a chat: who is in it, which listing it is about, what was said lately.

`GET /messenger/v2/…/chats/{chat}` gives `users[{id, name}]` and `context {type: "item", value}`; the history comes
from `GET /messenger/v3/…/chats/{chat}/messages/`, newest first, as a list (or under "messages").
"""

from __future__ import annotations

import dataclasses
import time
from datetime import datetime
from typing import Any

from integrations import errors
from integrations.avito import client, values
from integrations.avito.values import Json
from integrations.protocols.channel import Ad, HookRequest, Outgoing, Person, Polled, Sent, Settings
from kit import http, safejson

PAGE = 100
# A history is read this far back at most when a sending is looked for.
PAGES = 5
# Chats whose history one poll reads; the rest come with the next, by the cursor.
CHATS_A_POLL = 20
# Their clock and ours differ.
SLACK = 60


def person(settings: Settings, chat: str, known: Person) -> http.Call[Person | None]:
    """`known` with the name that the chat shows, None when it shows none."""
    found = yield from client.call(settings, "GET", client.chat_path(settings, chat, 2))
    for user in values.rows(found, "users"):
        name = " ".join(values.text(user, "name", 500).split())[:255]
        if values.ident(user.get("id")) == known.external_id and name:
            return dataclasses.replace(known, name=name)
    return None


def listing(settings: Settings, chat: str) -> http.Call[Ad | None]:
    """The listing a chat is about, None when it is about none."""
    found = yield from client.call(settings, "GET", client.chat_path(settings, chat, 2))
    return listing_of(found)


def listing_of(chat: Any) -> Ad | None:
    """The listing in a chat's `context`."""
    context = values.child(chat, "context")
    item = values.child(context, "value")
    ident = values.ident(item.get("id"))
    if context.get("type") != "item" or not ident:
        return None
    images = values.child(values.child(item, "images"), "main")
    return Ad(
        external_id=ident,
        title=values.text(item, "title", 500),
        url=values.web(item, "url"),
        image_url=next((url for size in images if (url := values.web(images, size))), ""),
        price=values.text(item, "price_string", 100),
    )


def arrived(settings: Settings, outgoing: Outgoing, since: datetime) -> http.Call[Sent | None]:
    """The newest message of ours in the chat's history since then with the same content, None when there is none.

    Two equal texts sent soon after each other look alike: the caller compares the id with those it knows. Raises
    Uncertain when the history does not reach back far enough.
    """
    account, start = client.account(settings), int(since.timestamp()) - SLACK
    for page in range(PAGES):
        rows = yield from _history(settings, outgoing.chat, offset=page * PAGE)
        for row in rows:
            ident = values.name(row.get("id"))
            if not ident or values.seconds(row.get("created")) < start:
                continue
            if (values.ident(row.get("author_id")) or account) == account and _same(row, outgoing):
                return Sent(ident)
        if len(rows) < PAGE or values.seconds(rows[-1].get("created")) < start:
            return None
    raise errors.Uncertain("the chat's history is too long to be searched")


def _same(row: Json, outgoing: Outgoing) -> bool:
    if row.get("direction") != "out":
        return False
    if outgoing.media is not None:
        return row.get("type") == "image"
    said = values.text(values.child(row, "content"), "text")
    return row.get("type") == "text" and said.split() == outgoing.text.split()


def poll(settings: Settings, cursor: str) -> http.Call[Polled]:
    """Messages of unread chats since `cursor` (Unix seconds), each as the webhook would have told it.

    A message told twice has the same id both times, so looking again at the last second does no harm.
    """
    account = client.account(settings)
    if not cursor.isdigit():
        return Polled(cursor=str(int(time.time())))
    since = int(cursor[:12])
    query = {"unread_only": "true", "chat_types": "u2i,u2u", "limit": PAGE, "offset": 0}
    found = yield from client.call(settings, "GET", f"/messenger/v2/accounts/{account}/chats", query=query)
    changed = sorted(
        (chat for chat in values.rows(found, "chats") if _updated(chat) >= since and _key(chat)), key=_updated
    )
    requests: list[HookRequest] = []
    for chat in changed[:CHATS_A_POLL]:
        rows = yield from _history(settings, _key(chat))
        fresh = [row for row in rows if values.seconds(row.get("created")) >= since]
        requests += [_as_told(account, chat, row) for row in reversed(fresh)]
        cursor = str(max(since, _updated(chat)))
    return Polled(requests=tuple(requests), cursor=cursor)


def _history(settings: Settings, chat: str, *, offset: int = 0) -> http.Call[list[Json]]:
    path = client.chat_path(settings, chat, 3) + "/messages/"
    found = yield from client.call(settings, "GET", path, query={"limit": PAGE, "offset": offset})
    return values.rows(found) if isinstance(found, list) else values.rows(found, "messages")


def _key(chat: Json) -> str:
    return values.name(chat.get("id"))


def _updated(chat: Json) -> int:
    return max(
        values.seconds(chat.get("updated")),
        values.seconds(values.child(chat, "last_message").get("created")),
    )


def _as_told(account: str, chat: Json, row: Json) -> HookRequest:
    """A row of a history in the form of webhook v3."""
    ad = listing_of(chat)
    value = {
        **{key: row.get(key) for key in ("id", "author_id", "created", "type", "content", "read", "quote")},
        "chat_id": _key(chat),
        "user_id": int(account),
        "chat_type": "u2i" if ad else "u2u",
        "item_id": int(ad.external_id) if ad else None,
    }
    event = {
        "id": f"poll-{row.get('id')}",
        "version": "v3.0.0",
        "timestamp": row.get("created"),
        "payload": {"type": "message", "value": value},
    }
    return HookRequest(headers={"content-type": "application/json"}, body=safejson.dumps(event))
