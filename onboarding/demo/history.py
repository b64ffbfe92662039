"""Three months of a barbershop as a ledger file, day by day: who wrote, who was answered, who came, what it cost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from onboarding import presets
from onboarding.demo.story import Dice, story

DAYS = 91
OPENS, CLOSES = 10, 21
SETTINGS = {
    "manager_hour_rate": "250.00",
    "repeat_window_days": 45,
    "inbox_hours": {str(day): ["10:00", "21:00"] for day in range(1, 8)},
}


class History:
    """Grows a ledger; `document()` is what `import_ledger` takes."""

    def __init__(self, *, now: dt.datetime, zone: ZoneInfo, seed: int = 7) -> None:
        # History ends now: today's visits that have begun belong to it, the last of them without an outcome yet.
        self.until, self.zone = now, zone
        self.today = now.astimezone(zone).date()
        self.dice = Dice(seed)
        self.told = story()
        preset = presets.all_presets()["barbershop"]
        self.services = {service["id"]: service for service in preset.services}
        self.addons = {addon["id"]: addon for addon in preset.addons}
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("contacts", "leads", "spend", "bookings", "payments", "messages")
        }
        # Contact → (day of the last visit, usual days between visits).
        self.regulars: dict[str, tuple[dt.date, int]] = {}
        self._people()

    def document(self) -> dict[str, Any]:
        """The whole file."""
        for back in range(DAYS, -1, -1):
            self._day(self.today - dt.timedelta(days=back))
        self._spend()
        return {
            "format": "marzha-ledger/1",
            "tenant": {"timezone": str(self.zone), "currency": "RUB", "settings": SETTINGS},
            "services": [
                {k: s[k] for k in ("id", "name", "price", "minutes", "cost", "addons")}
                for s in self.services.values()
            ],
            "addons": [
                {k: a[k] for k in ("id", "name", "price", "minutes", "cost")} for a in self.addons.values()
            ],
            "staff": [
                {"id": s["id"], "name": s["name"], "share_percent": s["share"]} for s in self.told["staff"]
            ],
            "schedule": [
                {
                    "id": f"shift-{s['id']}",
                    "staff": s["id"],
                    "from": (self.today - dt.timedelta(days=DAYS)).isoformat(),
                    "to": self.today.isoformat(),
                    "weekdays": s["shares_work"],
                    "start": f"{OPENS}:00",
                    "end": f"{CLOSES}:00",
                    "breaks": [],
                }
                for s in self.told["staff"]
            ],
            **self.rows,
        }

    def _at(self, day: dt.date, minute: int) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone) + dt.timedelta(minutes=minute)

    def _id(self, name: str) -> str:
        return f"demo-{name}-{len(self.rows[name]) + 1}"

    def _people(self) -> None:
        """Clients since before the history, each somewhere in their own rhythm."""
        first = self.today - dt.timedelta(days=DAYS)
        for _ in range(130):
            contact = self._contact(since=first - dt.timedelta(days=self.dice.between(20, 400)))
            rhythm = self.dice.between(21, 45)
            self.regulars[contact] = (first - dt.timedelta(days=self.dice.between(0, rhythm)), rhythm)

    def _contact(self, *, since: dt.date | None = None) -> str:
        row: dict[str, Any] = {
            "id": self._id("contacts"),
            "name": self.dice.person(),
            "phone": f"+7900{1000000 + len(self.rows['contacts'])}",
        }
        if since:
            row["client_since"] = since.isoformat()
        self.rows["contacts"].append(row)
        return str(row["id"])

    def _day(self, day: dt.date) -> None:
        busy = 0.78 if day.isoweekday() >= 5 else 0.55
        for master in self.told["staff"]:
            if day.isoweekday() not in master["shares_work"]:
                continue
            minute = OPENS * 60
            while minute < CLOSES * 60 - 60 and self._at(day, minute) < self.until:
                if self.dice.chance(busy):
                    minute += self._visit(day, minute, master["id"])
                else:
                    minute += 30
        for _ in range(self.dice.between(6, 12)):
            self._unbooked(day)

    def _visit(self, day: dt.date, minute: int, master: str) -> int:
        """One visit from `minute` on; returns the minutes it takes of the day."""
        weights = self.told["weights"]
        service = self.services[self.dice.pick(list(weights), list(weights.values()))]
        start = self._at(day, minute)
        if minute + service["minutes"] > CLOSES * 60:
            return CLOSES * 60
        contact, lead, origin, created = self._who(day, start, service)
        row: dict[str, Any] = {
            "id": self._id("bookings"),
            "staff": master,
            "service": service["id"],
            "origin": origin,
            "created_at": created.isoformat(),
            "starts_at": start.isoformat(),
            "minutes": service["minutes"],
            "price": service["price"],
            "addons": [],
            "addons_offered": False,
            "discount": "0.00",
            "events": [],
        }
        row |= {"contact": contact} if contact else {}
        row |= {"lead": lead} if lead else {}
        self._addons(row, service)
        if self.dice.chance(0.05):
            row["discount"] = str((Decimal(service["price"]) * Decimal("0.1")).quantize(Decimal("0.01")))
            row["discount_reason"] = (
                self.dice.pick(self.told["discount_reasons"]) if self.dice.chance(0.8) else ""
            )
        taken = self._ending(row, start, created, origin)
        self.rows["bookings"].append(row)
        if contact and row["events"] and row["events"][-1]["type"] == "completed":
            rhythm = self.regulars.get(contact, (day, self.dice.between(24, 50)))[1]
            # A third of new clients never comes back, as it is.
            self.regulars[contact] = (day, rhythm if self.dice.chance(0.8) else 400)
        return service["minutes"] if taken else 30

    def _who(
        self, day: dt.date, start: dt.datetime, service: dict[str, Any]
    ) -> tuple[str | None, str | None, str, dt.datetime]:
        """(contact, lead, origin, when it was agreed)."""
        if self.dice.chance(0.06):
            return None, None, "walk_in", start - dt.timedelta(minutes=1)
        due = [c for c, (last, rhythm) in self.regulars.items() if (day - last).days >= rhythm - 3]
        ahead = dt.timedelta(hours=self.dice.between(3, 110), minutes=self.dice.between(0, 59))
        created = start - ahead
        if due and self.dice.chance(0.62):
            contact = self.dice.pick(due)
            self.regulars[contact] = (day, self.regulars[contact][1])
            if self.dice.chance(0.45):
                return contact, None, "desk", created
            lead = self._lead(contact, created - dt.timedelta(minutes=6), service, booked=(start, created))
            return contact, lead, "lead", created
        contact = self._contact()
        lead = self._lead(
            contact, created - dt.timedelta(minutes=9), service, booked=(start, created), fresh=True
        )
        return contact, lead, "lead", created

    def _addons(self, row: dict[str, Any], service: dict[str, Any]) -> None:
        row["addons_offered"] = bool(service["addons"]) and self.dice.chance(0.6)
        if row["addons_offered"] and self.dice.chance(0.3):
            addon = self.addons[self.dice.pick(service["addons"])]
            row["addons"] = [{"addon": addon["id"], "price": addon["price"]}]

    def _ending(self, row: dict[str, Any], start: dt.datetime, created: dt.datetime, origin: str) -> bool:
        """How it ended; True when the chair was taken."""
        end = start + dt.timedelta(minutes=row["minutes"])
        if end + dt.timedelta(minutes=90) > self.until:
            return True  # nobody has marked it yet
        if origin != "walk_in" and self.dice.chance(0.08):
            notice = dt.timedelta(hours=self.dice.pick([1, 2, 5, 20, 30, 60]))
            at = max(created + dt.timedelta(minutes=5), start - notice)
            if at < start:
                row["events"] = [{"at": at.isoformat(), "type": "cancelled", "by": "client"}]
                return False
        # The year began without reminders: people forgot more often then.
        forgetful = 0.16 if (self.today - start.date()).days > 45 else 0.07
        if origin != "walk_in" and self.dice.chance(forgetful):
            row["events"] = [{"at": (end + dt.timedelta(minutes=5)).isoformat(), "type": "no_show"}]
            return True
        row["events"] = [{"at": end.isoformat(), "type": "completed"}]
        listed = Decimal(row["price"]) + sum((Decimal(a["price"]) for a in row["addons"]), Decimal(0))
        paid = listed - Decimal(row["discount"])
        card = self.dice.chance(0.7)
        self.rows["payments"].append(
            {
                "id": self._id("payments"),
                "at": end.isoformat(),
                "kind": "payment",
                "method": "card" if card else "cash",
                "booking": row["id"],
                "amount": str(paid),
                "fee": str((paid * Decimal("0.018")).quantize(Decimal("0.01"))) if card else "0.00",
            }
        )
        return True

    def _lead(
        self,
        contact: str,
        at: dt.datetime,
        service: dict[str, Any],
        *,
        booked: tuple[dt.datetime, dt.datetime] | None = None,
        fresh: bool = False,
    ) -> str:
        source = self.dice.pick(self.told["sources"], [s["weight"] for s in self.told["sources"]])
        row: dict[str, Any] = {
            "id": self._id("leads"),
            "contact": contact,
            "created_at": at.isoformat(),
            "channel": self.dice.pick(source["channels"]),
            "touches": [],
            "service": service["id"],
            "handling_seconds": self.dice.between(60, 420),
        }
        if source["source"] and (fresh or self.dice.chance(0.3)):
            row["touches"] = [
                {"at": at.isoformat(), "source": source["source"], "campaign": source["campaign"] or None}
            ]
        self.rows["leads"].append(row)
        self._talk(row["id"], at, booked)
        return str(row["id"])

    def _talk(self, lead: str, at: dt.datetime, booked: tuple[dt.datetime, dt.datetime] | None) -> None:
        """Who wrote when; the words are put in afterwards."""
        if booked:
            moments = [(at, "in"), (at + self._wait(), "out"), (booked[1], "in"), (booked[1], "out")]
        elif self.dice.chance(0.3):
            moments = [(at, "in")]
        else:
            wait = self._wait()
            moments = [(at, "in"), (at + wait, "out"), (at + wait + dt.timedelta(minutes=4), "in")]
        last = at
        for moment, direction in moments:
            last = min(max(last, moment), self.until)
            author = "client" if direction == "in" else self._author(last)
            self.rows["messages"].append(
                {
                    "id": self._id("messages"),
                    "lead": lead,
                    "at": last.isoformat(),
                    "direction": direction,
                    "author": author,
                }
            )

    def _author(self, at: dt.datetime) -> str:
        # The assistant was switched on a month ago.
        return "assistant" if (self.today - at.date()).days < 30 and self.dice.chance(0.7) else "manager"

    def _wait(self) -> dt.timedelta:
        return dt.timedelta(seconds=self.dice.pick([2, 40, 240, 1500, 9000, 30000], [25, 20, 25, 15, 10, 5]))

    def _unbooked(self, day: dt.date) -> None:
        """Somebody who asked and was not booked."""
        weights = self.told["weights"]
        service = self.services[self.dice.pick(list(weights), list(weights.values()))]
        at = self._at(day, self.dice.between(9 * 60, 23 * 60))
        if at > self.until:
            at = self.until - dt.timedelta(minutes=self.dice.between(4, 50))
        lead = self._lead(self._contact(), at, service, fresh=True)
        if self.dice.chance(0.35) and at + dt.timedelta(hours=20) < self.until:
            row = self.rows["leads"][-1]
            assert row["id"] == lead
            row["closed_at"] = (at + dt.timedelta(hours=20)).isoformat()
            row["closed_reason"] = self.dice.pick(self.told["lost_reasons"])

    def _spend(self) -> None:
        """Advertising by calendar month, cut to the days of the history."""
        first = self.today - dt.timedelta(days=DAYS)
        month = first.replace(day=1)
        while month <= self.today:
            following = (month + dt.timedelta(days=32)).replace(day=1)
            start, end = max(first, month), min(self.today, following - dt.timedelta(days=1))
            share = Decimal((end - start).days + 1) / Decimal((following - month).days)
            for source in self.told["sources"]:
                if source["spend"]:
                    amount = (Decimal(source["spend"]) * share).quantize(Decimal("0.01"))
                    row = {
                        "id": f"demo-spend-{source['source']}-{month:%Y-%m}",
                        "kind": "ads",
                        "source": source["source"],
                        "from": start.isoformat(),
                        "to": end.isoformat(),
                        "amount": str(amount),
                    }
                    self.rows["spend"].append(
                        row | ({"campaign": source["campaign"]} if source["campaign"] else {})
                    )
            month = following
