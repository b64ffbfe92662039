"""The list of threads, alone or beside an open one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from connections import accounts
from connections.models import Connection, ConnectionState
from inbox import queue
from inbox.views import parts
from tenants.models import Role
from tenants.roles import needs


@needs(Role.MANAGER)
@require_safe
def inbox_list(request: HttpRequest) -> HttpResponse:
    """The whole page; `?part=list` is the list's column, `?part=rows` the rows of a further page."""
    part = request.GET.get("part", "")
    context = listing(request, with_frame=part != "rows")
    if part == "rows":
        return render(request, "inbox/_rows.html", context)
    if part == "list":
        frame: queue.Frame = context["frame"]
        return parts.triggers(render(request, "inbox/_list.html", context), unread={"data": frame.unread})
    return render(request, "inbox/inbox.html", context | parts.shell(request) | {"pane": "list"})


def listing(request: HttpRequest, *, with_frame: bool = True) -> dict[str, Any]:
    """The context of the list as the address asks for it; two statements, one for a further page."""
    asked = Asked(request)
    user_id = parts.person(request).pk
    found = (
        queue.Page(queue.search(asked.query, private=asked.owner), "")
        if asked.query
        else queue.page(asked.view, user_id=user_id, channel=asked.channel, after=asked.after)
    )
    context: dict[str, Any] = {
        "rows": found.rows,
        "asked": asked,
        "next": asked.url(after=found.next) if found.next else "",
        "current": asked.current,
    }
    if with_frame:
        frame = queue.frame(user_id=user_id)
        if not found.rows:
            context["chat_url"] = own_chat()
        context |= {
            "frame": frame,
            "now": frame.now,
            "unread": frame.unread,
            "tabs": tabs(asked, frame),
            "channels": [each for each in frame.channels if parts.channel_takes(each["kind"])],
        }
    else:
        context["now"] = max((row.last_message_at for row in found.rows if row.last_message_at), default=None)
    return context


def own_chat() -> str:
    """The address of the salon's own site chat, where an owner can write as a client; "" when there is none."""
    chat = Connection.objects.filter(kind="webchat", state=ConnectionState.OK).order_by("id").first()
    return reverse("conversations:chat", args=[accounts.token_of(chat)]) if chat else ""


class Asked:
    """What the address asks of the list; what it cannot mean is left out."""

    def __init__(self, request: HttpRequest) -> None:
        given = request.GET
        self.owner = parts.is_owner(request)
        self.view = given.get("view", "") if given.get("view", "") in queue.View.values else queue.View.ALL
        if self.view == queue.View.PRIVATE and not self.owner:
            self.view = queue.View.ALL
        channel = given.get("channel", "")
        self.channel = int(channel) if channel.isascii() and channel.isdigit() and len(channel) < 19 else None
        self.query = given.get("q", "").strip()[:200]
        self.after = queue.Cursor.decoded(given.get("after", ""))
        current = given.get("current", "")
        self.current = int(current) if current.isascii() and current.isdigit() and len(current) < 19 else None

    def url(self, **changes: Any) -> str:
        """The list's address with these changes."""
        wanted: dict[str, Any] = {"view": self.view, "channel": self.channel, "q": self.query} | changes
        if wanted["view"] == queue.View.ALL:
            wanted["view"] = ""
        query = urlencode({key: value for key, value in wanted.items() if value})
        return reverse("inbox:list") + (f"?{query}" if query else "")

    @property
    def here(self) -> str:
        """The present choice without a page."""
        return self.url()

    @property
    def bare(self) -> str:
        """Without the search."""
        return self.url(q="")

    @property
    def closed(self) -> str:
        """The closed ones."""
        return self.url(view=queue.View.CLOSED, q="")

    @property
    def private(self) -> str:
        """Chats of an owner's own account that are no clients'."""
        return self.url(view=queue.View.PRIVATE, q="")

    @property
    def without_channel(self) -> str:
        """Of all channels."""
        return self.url(channel=None)


def tabs(asked: Asked, frame: queue.Frame) -> list[dict[str, Any]]:
    """The views as links; closed threads stand in the menu beside, put-off and private ones only when there are any."""

    def tab(view: queue.View, count: int | None = None) -> dict[str, Any]:
        shown = "" if not count else "99+" if count >= queue.CAP else count
        return {
            "url": asked.url(view=view, q=""),
            "label": view.label,
            "active": asked.view == view and not asked.query,
            "count": shown,
        }

    found = [
        tab(queue.View.ALL),
        tab(queue.View.WAITING, frame.waiting),
        tab(queue.View.MINE, frame.mine),
    ]
    if frame.later or asked.view == queue.View.LATER:
        found.append(tab(queue.View.LATER, frame.later))
    if asked.owner and (frame.private or asked.view == queue.View.PRIVATE):
        found.append(tab(queue.View.PRIVATE))
    return found
