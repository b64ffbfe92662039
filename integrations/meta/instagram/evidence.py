"""Did a message arrive whose sending broke off? The Conversations API knows what stands in the chat."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations import errors
from integrations.meta import values
from integrations.meta.client import Graph
from integrations.protocols.channel import Outgoing, Sent
from kit import http

_LOOKED_AT = 20
# Instagram's clock and ours differ a little, and it tells whole seconds.
_SKEW = timedelta(seconds=5)


def of(graph: Graph, outgoing: Outgoing, since: datetime) -> http.Call[Sent | None]:
    """The message of ours with this text sent after `since`, None when the chat shows that there is none.

    Raises Uncertain when the chat does not reach back to `since`, and `integrations.errors`.
    """
    fields = f"messages.limit({_LOOKED_AT}){{id,created_time,from,message}}"
    answer = yield from graph.call(
        "GET",
        "me/conversations",
        query={"platform": "instagram", "user_id": outgoing.chat, "fields": fields},
    )
    conversations = values.items(answer, "data")
    if not conversations:
        # Some chats are left out (old requests), so silence proves nothing.
        raise errors.Uncertain("Instagram does not show the chat")
    rows = values.items(values.child(conversations[0], "messages"), "data")
    earliest = since - _SKEW
    reaches_back = len(rows) < _LOOKED_AT
    for row in rows:
        at = values.moment(row.get("created_time"))
        if at is not None and at < earliest:
            reaches_back = True
            break
        own = values.ident(values.child(row, "from"), "id") not in ("", outgoing.chat)
        if own and values.text(row, "message").strip() == outgoing.text.strip() and values.ident(row, "id"):
            return Sent(values.message_id(row, "id"), raw_state="found")
    if not reaches_back:
        raise errors.Uncertain("the chat has gone on too far to tell")
    return None
