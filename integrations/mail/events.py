"""What a mail service tells of letters that we sent through it: Mailgun's events.

`{"signature": …, "event-data": {"event", "severity", "recipient", "message": {"headers": {"message-id"}},
"delivery-status": {"code", "message"}, "timestamp", "id"}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.mail import marks
from integrations.mail.bounces import NO_ADDRESS
from integrations.protocols.channel import Fact, Ignored, MarketingStopped, Person, Receipt, Settings
from kit.text import storable


def data_of(tree: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The event in a posted object, None when it is none of Mailgun's."""
    found = tree.get("event-data") if tree is not None else None
    return found if isinstance(found, dict) else None


def ident(data: Mapping[str, Any]) -> str | None:
    """The event's id at Mailgun."""
    found = data.get("id")
    return f"mailgun:{storable(found)}"[:200] if isinstance(found, str) and found else None


def recipient(data: Mapping[str, Any]) -> str:
    """Who the letter went to, "" when the event does not say."""
    found = data.get("recipient")
    address = storable(found).strip().lower() if isinstance(found, str) else ""
    return address if "@" in address and len(address) <= 200 and " " not in address else ""


def facts(data: Mapping[str, Any], settings: Settings) -> list[Fact]:
    """The facts of one event."""
    kind = str(data.get("event"))[:40]
    sent = _child(_child(data, "message"), "headers").get("message-id")
    message_id = storable(sent).strip("<> ") if isinstance(sent, str) else ""
    key = marks.key_of(settings, message_id)
    if key is None:
        return [Ignored(f"an event about a letter that is not ours: {storable(kind)}")]
    at = _moment(data.get("timestamp"))
    if kind == "delivered":
        return [Receipt(external_id=message_id, key=key, state="delivered", at=at)]
    if kind == "failed" and data.get("severity") != "temporary":
        status = _child(data, "delivery-status")
        told = status.get("message") or status.get("description") or data.get("reason")
        reason = " ".join(storable(str(told)).split())[:300] if told else "not delivered"
        blocked = bool(NO_ADDRESS.search(f"{status.get('enhanced-code')} {reason}"))
        return [
            Receipt(external_id=message_id, key=key, state="failed", at=at, reason=reason, blocked=blocked)
        ]
    address = recipient(data)
    if kind in ("complained", "unsubscribed") and address:
        return [MarketingStopped(chat=address, person=Person(external_id=address, email=address), at=at)]
    return [Ignored(f"an event of a letter: {storable(kind)}")]


def _child(part: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = part.get(key)
    return value if isinstance(value, dict) else {}


def _moment(value: Any) -> datetime | None:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 32_503_680_000
    return datetime.fromtimestamp(value, UTC) if ok else None
