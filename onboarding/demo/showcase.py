"""The other channels of the demo tenant: a thread of each kind, calls, links, one account that needs attention.

Everything is written directly and nothing is announced, as `economics.ledger` does it. The threads hang on accounts
that are switched off and marked as history, or on one whose key is dead: nothing is ever sent through either, and
nobody looks after them.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tomllib
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext as _

from connections import accounts
from connections.models import Connection, ConnectionState, Trouble
from conversations import calls, media, uploads
from conversations.models import (
    Author,
    Call,
    Contact,
    Conversation,
    Direction,
    Holder,
    Identity,
    MediaFile,
    MergeSuggestion,
    Message,
    MessageState,
    Note,
)
from kit import filetypes, storage
from leads import links
from leads.models import Lead, LinkClick, Task, Touch
from leads.sources import IMPLIED
from onboarding.demo import files
from onboarding.demo.story import Dice
from tenants import secrets, wall
from tenants.models import Membership, Role, Tenant, User, digest, new_token
from work.rows import State

VOICE_SECONDS = 7
# Requests of the last weeks may have come by a tracked link.
LINKS_SINCE = dt.timedelta(days=30)


@cache
def told() -> dict[str, Any]:
    """The data file."""
    return tomllib.loads((settings.ROOT / "presets/demo/channels.toml").read_text(encoding="utf-8"))


def show(tenant: Tenant, *, chat: Connection, now: dt.datetime) -> None:
    """Writes all of it, inside the tenant's transaction; `chat` is the living site chat."""
    _Show(tenant, now=now).all(chat)


class _Show:
    def __init__(self, tenant: Tenant, *, now: dt.datetime) -> None:
        self.tenant, self.now = tenant, now
        self.team = {
            seat.role: seat.user for seat in Membership.objects.select_related("user").order_by("-id")
        }
        self.people: dict[str, Contact] = {}
        self.files = 0

    def all(self, chat: Connection) -> None:
        broken = _broken(told()["broken"], now=self.now)
        for row in told()["threads"]:
            account = broken if row.get("account") == "broken" else _history(row["kind"])
            self._thread(row, account)
        for row in told()["calls"]:
            self._call(row, _history("telephony"))
        for row in told()["links"]:
            self._link(row, chat)
        newest = Message.objects.filter(conversation__connection=chat, direction=Direction.IN)
        Connection.objects.filter(pk=chat.pk, last_event_at=None).update(
            last_event_at=newest.aggregate(at=Max("created_at"))["at"]
        )
        merge = told()["merge"]
        one, other = sorted((self.people[merge["one"]], self.people[merge["other"]]), key=lambda p: p.pk)
        MergeSuggestion.objects.create(
            contact=one, other=other, reason=merge["reason"], created_at=self.now - dt.timedelta(minutes=30)
        )

    def _ago(self, minutes: int) -> dt.datetime:
        return self.now - dt.timedelta(minutes=minutes)

    def _by(self, who: str) -> User | None:
        return self.team.get({"manager": Role.MANAGER, "owner": Role.OWNER}.get(who, ""))

    # Threads --------------------------------------------------------------------------------------------------

    def _contact(self, row: dict[str, Any], *, kind: str, ident: str, at: dt.datetime) -> Contact:
        if row.get("phone"):
            known = Contact.objects.filter(phone=row["phone"]).first()
            if known is not None:
                Identity.objects.create(contact=known, channel_kind=kind, external_id=ident, created_at=at)
                return known
        contact = Contact.objects.create(
            name=row["name"],
            phone=row.get("phone", ""),
            phone_verified=bool(row.get("phone")),
            email=row.get("email", ""),
            email_verified=bool(row.get("email")),
            language=self.tenant.language,
            created_at=at,
        )
        Identity.objects.create(
            contact=contact,
            channel_kind=kind,
            external_id=ident,
            username=row.get("username", ""),
            created_at=at,
        )
        return contact

    def _thread(self, row: dict[str, Any], account: Connection) -> None:
        first = self._ago(row["lines"][0]["ago"])
        contact = self._contact(row, kind=row["kind"], ident=row.get("person", row["chat"]), at=first)
        self.people[row["chat"]] = contact
        private = bool(row.get("private"))
        thread = Conversation.objects.create(
            contact=contact,
            connection=account,
            chat=row["chat"],
            holder=Holder.NONE if private else Holder.PERSON,
            is_private=private,
            created_at=first,
        )
        messages: list[Message] = []
        for line in row["lines"]:
            messages.append(self._say(thread, line, messages))
        self._sum_up(thread, messages, waits=bool(row.get("waits")))
        if row.get("note"):
            by = self._by("manager")
            Note.objects.create(
                conversation=thread, user=by, text=row["note"], created_at=first + dt.timedelta(minutes=5)
            )
        if row["status"]:
            self._lead(thread, row, messages)

    def _say(self, thread: Conversation, line: dict[str, Any], before: list[Message]) -> Message:
        ours = "out" in line
        at, by = self._ago(line["ago"]), line.get("by", "")
        state = line.get("state", MessageState.RECEIVED)
        reached = state in (MessageState.DELIVERED, MessageState.READ)
        author = Author.MANAGER if by == "owner" else by
        message = Message.objects.create(
            conversation=thread,
            contact=thread.contact,
            direction=Direction.OUT if ours else Direction.IN,
            author=author if ours else Author.CLIENT,
            user=self._by(by),
            kind=_kind(line),
            text=line["out"] if ours else line["in"],
            subject=line.get("subject", ""),
            reply_to=before[line["answers"]].external_id if "answers" in line else "",
            media=[{"kind": "ad", **line["ad"]}] if "ad" in line else [],
            external_id=f"demo:{thread.pk}:{len(before)}",
            state=state,
            error=line.get("error", ""),
            cost=Decimal(line["cost"]) if "cost" in line else None,
            parts=line.get("parts", 1),
            created_at=at,
            sent_at=None if state == MessageState.FAILED else at,
            delivered_at=at + dt.timedelta(seconds=3) if reached else None,
            read_at=at + dt.timedelta(minutes=1) if state == MessageState.READ else None,
        )
        if "file" in line:
            self._file(message, line["file"])
        return message

    def _file(self, message: Message, what: str) -> None:
        content = files.voice(VOICE_SECONDS) if what == "voice" else files.photo(self.files)
        self.files += 1
        width, height = filetypes.picture_size(content[: filetypes.HEAD]) or (None, None)
        key = uploads.new_key(self.tenant.pk, self.now)
        storage.put(key, io.BytesIO(content))
        MediaFile.objects.create(
            message=message,
            kind=message.kind,
            mime=filetypes.look(content[: filetypes.HEAD]).mime,
            size=len(content),
            seconds=VOICE_SECONDS if what == "voice" else None,
            width=width,
            height=height,
            key=key,
            token=new_token(32),
            state=State.DONE,
            due_at=message.created_at,
            created_at=message.created_at,
        )

    def _sum_up(self, thread: Conversation, messages: list[Message], *, waits: bool) -> None:
        """What the list shows of a thread."""
        last = messages[-1]
        heard = [message for message in messages if message.direction == Direction.IN]
        answered = [message.created_at for message in messages if message.direction == Direction.OUT]
        since = max(answered, default=thread.created_at)
        unread = [message for message in heard if message.created_at >= since] if waits else []
        thread.last_message_at = last.created_at
        thread.last_text = media.gist(last, list(MediaFile.objects.filter(message=last)))
        thread.last_heard_at = heard[-1].created_at if heard else None
        thread.unread = len(unread)
        thread.waiting_since = unread[0].created_at if unread else None
        if last.state == MessageState.FAILED:
            thread.waiting_since = last.created_at  # it has answered nobody
        thread.generation = len(heard)
        thread.save()

    def _lead(self, thread: Conversation, row: dict[str, Any], messages: list[Message]) -> Lead:
        out = [message for message in messages if message.direction == Direction.OUT]
        human = [message.created_at for message in out if message.author == Author.MANAGER]
        source = row.get("source") or IMPLIED.get(row["kind"], "")
        tags = {"source": source, "medium": row.get("medium", ""), "campaign": row.get("campaign", "")}
        lead = Lead.objects.create(
            contact=thread.contact,
            conversation=thread,
            connection=thread.connection,
            channel_kind=row["kind"],
            status=row["status"],
            request=row["request"],
            created_at=messages[0].created_at,
            local_day=messages[0].created_at.astimezone(self.tenant.zone).date(),
            first_reply_at=out[0].created_at if out else None,
            first_human_reply_at=human[0] if human else None,
            last_message_at=messages[-1].created_at,
            **tags,
            **{f"first_{name}": value for name, value in tags.items()},
        )
        ad = next((part for part in messages[0].media if part["kind"] == "ad"), None)
        if source:
            card = {name: value for name, value in (ad or {}).items() if name != "kind"}
            Touch.objects.create(
                lead=lead, message=messages[0], conversation=thread, at=lead.created_at, ad=card, **tags
            )
        return lead

    # Calls ----------------------------------------------------------------------------------------------------

    def _call(self, row: dict[str, Any], account: Connection) -> None:
        at, phone = self._ago(row["ago"]), row["phone"]
        missed = row["state"] == Call.State.MISSED
        contact = self._contact(row, kind="telephony", ident=phone, at=at)
        thread = Conversation.objects.create(
            contact=contact, connection=account, chat=phone, holder=Holder.NONE, created_at=at
        )
        call = Call(
            connection=account,
            external_id=f"demo:{phone}",
            contact=contact,
            direction=Direction.IN,
            state=row["state"],
            phone=phone,
            dialled=self.tenant.phone,
            answered_by=row.get("answered_by", ""),
            started_at=at,
            seconds=row.get("seconds"),
            waited=row.get("waited"),
        )
        call.message = Message.objects.create(
            conversation=thread,
            contact=contact,
            direction=Direction.IN,
            author=Author.CLIENT,
            kind="call",
            media=[calls.facts(call)],
            external_id=f"call:demo:{phone}",
            state=MessageState.RECEIVED,
            created_at=at,
            sent_at=at,
        )
        call.save()
        thread.last_message_at, thread.last_text, thread.unread = at, calls.words(call), int(missed)
        thread.save()
        request = _("Missed call") if missed else _("Phone call")
        status = "new" if missed else "contacted"
        lead = self._lead(thread, {"kind": "telephony", "status": status, "request": request}, [call.message])
        if missed:
            Task.objects.create(
                text=_("Call %(name)s back") % {"name": contact},
                due_at=at,
                reason="missed_call",
                key=f"missed_call:{phone}",
                lead=lead,
                contact=contact,
                conversation=thread,
                created_at=at,
            )
        else:
            Lead.objects.filter(pk=lead.pk).update(first_reply_at=at, first_human_reply_at=at)

    # Links ----------------------------------------------------------------------------------------------------

    def _link(self, row: dict[str, Any], chat: Connection) -> None:
        """A link whose source part of the history's requests have; their touches become its own."""
        dice, since = Dice(17 + len(row["name"])), self.now - LINKS_SINCE
        entry = links.Entry(
            name=row["name"],
            source=row["source"],
            medium=row.get("medium", ""),
            campaign=row.get("campaign", ""),
            connection=chat if row.get("into_chat") else None,
        )
        link = links.create(entry, by=self._by("owner"), now=since)
        came = Touch.objects.filter(
            source=row["source"], campaign=row.get("campaign", ""), at__gt=since, lead__external_id__gt=""
        ).order_by("id")
        chosen = [touch for touch in came if dice.chance(row["share"])]
        Touch.objects.filter(pk__in=[touch.pk for touch in chosen]).update(link=link, code=link.code)
        clicked = [touch.at - dt.timedelta(minutes=dice.between(1, 30)) for touch in chosen]
        whole = int(LINKS_SINCE.total_seconds() // 60)
        clicked += [self._ago(dice.between(1, whole)) for _number in range(row["beside"])]
        LinkClick.objects.bulk_create(
            [LinkClick(link=link, token=f"c{new_token(12)}"[:20].replace("_", "-"), at=at) for at in clicked]
        )


def _kind(line: dict[str, Any]) -> str:
    if "file" in line:
        return "voice" if line["file"] == "voice" else "image"
    return str(line.get("kind", "text"))


def _history(kind: str) -> Connection:
    """The switched-off account on which the history of a kind of channel hangs."""
    there = Connection.objects.filter(kind=kind, account__history=True).first()
    if there is not None:
        return there
    token, tenant_id = new_token(24), wall.current_tenant_id()
    return Connection.objects.create(
        kind=kind,
        name=str(accounts.wire_of(kind).label),
        state=ConnectionState.OFF,
        account={"history": True},
        sealed_settings=secrets.seal(json.dumps({}), tenant_id=tenant_id, place=accounts.SETTINGS_PLACE),
        token_hash=digest(token),
        sealed_token=secrets.seal(token, tenant_id=tenant_id, place=accounts.TOKEN_PLACE),
    )


def _broken(row: dict[str, Any], *, now: dt.datetime) -> Connection:
    """An account whose key the provider took back: what one would send waits, and nobody asks the provider."""
    at = now - dt.timedelta(minutes=row["ago"])
    account = accounts.create(
        row["kind"], settings=row["settings"], name=row["name"], state=ConnectionState.BROKEN
    )
    account.trouble, account.trouble_at = Trouble.TOKEN, at
    account.last_error, account.last_error_at = row["reason"], at
    account.last_event_at = account.accepted_at = at - dt.timedelta(minutes=5)
    account.save()
    return account
