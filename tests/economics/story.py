"""A salon's little history, told in local times of Omsk and taken in as a ledger file."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

# 0.10 ₽ a second, so that costs of handling are read off at once.
SETTINGS = {"manager_hour_rate": "360.00", "answer_target_s": 300, "late_cancel_hours": 24}


class Story:
    """Collects rows; `document()` is the file. Times are "2026-04-01 12:00" in the salon's zone."""

    def __init__(self, zone: str = "Asia/Omsk", **settings: Any) -> None:
        self.zone = ZoneInfo(zone)
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("contacts", "leads", "spend", "bookings", "payments", "messages")
        }
        self.settings = SETTINGS | settings
        self._numbers = 0

    def at(self, text: str) -> str:
        """An instant of the file."""
        return dt.datetime.fromisoformat(text).replace(tzinfo=self.zone).isoformat()

    def _next(self, letter: str) -> str:
        self._numbers += 1
        return f"{letter}{self._numbers}"

    def person(self, name: str, **more: Any) -> str:
        """A contact; told by a name of its own."""
        if not any(row["id"] == name for row in self.rows["contacts"]):
            self.rows["contacts"].append({"id": name, "name": name, **more})
        return name

    def lead(
        self,
        who: str,
        at: str,
        source: str | None = None,
        *,
        campaign: str | None = None,
        answered: str = "",
        by: str = "assistant",
        touches: list[tuple[str, str | None]] | None = None,
        channel: str = "telegram",
        **more: Any,
    ) -> str:
        """A request; `answered` is the moment of the first answer."""
        self.person(who)
        name = more.pop("id", None) or self._next("l")
        told = [(at, source)] if touches is None else touches
        self.rows["leads"].append(
            {
                "id": name,
                "contact": who,
                "created_at": self.at(at),
                "channel": channel,
                "handling_seconds": 0,
                "touches": [
                    {"at": self.at(when), "source": what, "campaign": campaign} for when, what in told
                ],
                **more,
            }
        )
        if answered:
            self.say(name, answered, by=by)
        return name

    def say(self, lead: str, at: str, *, by: str = "manager", cost: str = "0") -> None:
        """A word in a lead's talk."""
        self.rows["messages"].append(
            {
                "id": self._next("m"),
                "lead": lead,
                "at": self.at(at),
                "direction": "in" if by == "client" else "out",
                "author": by,
                "cost": cost,
            }
        )

    def visit(
        self,
        who: str | None,
        at: str,
        *,
        made: str = "",
        lead: str | None = None,
        end: str = "completed",
        ended: str = "",
        service: str = "cut",
        staff: str = "ivan",
        addons: int = 0,
        moved: tuple[str, str] | None = None,
        by: str = "client",
        origin: str = "",
        **more: Any,
    ) -> str:
        """A booking; `end` is how it ended ("" is still open), `moved` (when, to when)."""
        if who:
            self.person(who)
        name = more.pop("id", None) or self._next("b")
        start = moved[1] if moved else at
        minutes, price = {"cut": (60, "1500.00"), "beard": (30, "800.00")}[service]
        over = dt.datetime.fromisoformat(start) + dt.timedelta(minutes=minutes)
        events = [{"at": self.at(moved[0]), "type": "moved", "starts_at": self.at(moved[1])}] if moved else []
        for kind in end.split():
            when = self.at(ended) if ended else self.at(over.isoformat(" "))
            events.append({"at": when, "type": kind, **({"by": by} if kind == "cancelled" else {})})
        first = dt.datetime.fromisoformat(at) - dt.timedelta(days=2)
        self.rows["bookings"].append(
            {
                "id": name,
                **({"contact": who} if who else {}),
                **({"lead": lead} if lead else {}),
                "staff": staff,
                "service": service,
                "origin": origin or ("lead" if lead else "desk"),
                "created_at": self.at(made or first.isoformat(" ")),
                "starts_at": self.at(at),
                "minutes": minutes,
                "price": price,
                "addons": [{"addon": "wax", "price": "400.00"}] * addons,
                "events": events,
                **more,
            }
        )
        return name

    def paid(
        self,
        booking: str,
        amount: str,
        at: str = "2026-04-15 12:00",
        *,
        kind: str = "payment",
        fee: str = "0",
    ) -> None:
        """Money of a visit."""
        self.rows["payments"].append(
            {
                "id": self._next("p"),
                "at": self.at(at),
                "kind": kind,
                "method": "card",
                "booking": booking,
                "amount": amount,
                "fee": fee,
            }
        )

    def spent(
        self,
        amount: str,
        first: str,
        last: str,
        source: str | None = None,
        *,
        kind: str = "ads",
        campaign: str | None = None,
    ) -> None:
        """Money spent over days."""
        self.rows["spend"].append(
            {
                "id": self._next("x"),
                "kind": kind,
                "source": source,
                "campaign": campaign,
                "from": first,
                "to": last,
                "amount": amount,
            }
        )

    def document(self) -> dict[str, Any]:
        """The file."""
        return {
            "format": "marzha-ledger/1",
            "tenant": {"timezone": str(self.zone), "settings": self.settings},
            "services": [
                {
                    "id": "cut",
                    "name": "Стрижка",
                    "price": "1500.00",
                    "minutes": 60,
                    "cost": "100.00",
                    "addons": ["wax"],
                },
                {
                    "id": "beard",
                    "name": "Борода",
                    "price": "800.00",
                    "minutes": 30,
                    "cost": "50.00",
                    "addons": [],
                },
            ],
            "addons": [{"id": "wax", "name": "Воск", "price": "400.00", "minutes": 10, "cost": "70.00"}],
            "staff": [
                {"id": "ivan", "name": "Иван", "share_percent": "40"},
                {"id": "petr", "name": "Пётр", "share_percent": "33.33"},
            ],
            **self.rows,
        }
