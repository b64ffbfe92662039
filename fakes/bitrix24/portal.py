"""What the portal of the fake holds, and what its rows may look like."""

import dataclasses
import datetime
import itertools
import json
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

FACTORY: dict[str, Any] = json.loads(pathlib.Path(__file__).with_name("factory.json").read_text("utf-8"))

LEAD, DEAL, CONTACT = 1, 2, 3
CLASSIC, SIMPLE = 1, 2

Row = dict[str, Any]


class Refusal(Exception):
    """An error of the REST wire: HTTP status, code, text."""

    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(f"{status} {code} {text}")
        self.status = status
        self.code = code
        self.text = text


class Clock:
    """The portal's clock: the machine's, moved forward by `advance` so that tests need not wait."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since the epoch, as the portal sees them."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self._ahead += seconds


@dataclasses.dataclass(slots=True)
class Portal:
    """One Bitrix24 account. Tests read and change it directly.

    `items[type][id]` are rows as `crm.item.get` shows them (`fm` included); `required[type]` maps a field
    to its name where the portal made it obligatory; `forbidden` are (type, id) the user may not see.
    """

    zone: datetime.timezone = datetime.timezone(datetime.timedelta(hours=3))
    mode: int = CLASSIC
    code: str = "q1w2e3r4t5y6u7i8"
    user_id: int = 1
    scopes: list[str] = dataclasses.field(default_factory=lambda: ["crm", "task", "user_brief"])
    plan: bool = True
    subscription: bool = False
    revoked: bool = False
    overload: bool = False
    deleted: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)
    users: list[Row] = dataclasses.field(default_factory=list)
    categories: list[Row] = dataclasses.field(default_factory=list)
    statuses: list[Row] = dataclasses.field(default_factory=list)
    items: dict[int, dict[int, Row]] = dataclasses.field(default_factory=dict)
    rows: dict[tuple[str, int], list[Row]] = dataclasses.field(default_factory=dict)
    activities: dict[int, Row] = dataclasses.field(default_factory=dict)
    comments: dict[int, Row] = dataclasses.field(default_factory=dict)
    traces: dict[int, Row] = dataclasses.field(default_factory=dict)
    required: dict[int, dict[str, str]] = dataclasses.field(default_factory=dict)
    forbidden: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    changed: Callable[[], None] = lambda: None
    _numbers: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(101))

    def __post_init__(self) -> None:
        self.items = {LEAD: {}, DEAL: {}, CONTACT: {}}
        self.users = [dict(user) for user in FACTORY["users"]]
        for category in FACTORY["categories"]:
            self.categories.append({**category, "entityTypeId": DEAL})
        for entity, stages in FACTORY["stages"].items():
            self.add_stages(entity, stages, category=None)
        for sort, (status_id, name) in enumerate(FACTORY["sources"], 1):
            self.add_status("SOURCE", status_id, name, sort=sort * 10)

    def number(self) -> int:
        """A fresh id; one series for everything, so that ids of two kinds are never mistaken."""
        return next(self._numbers)

    def numbers_from(self, first: int) -> None:
        """Go on with ids from `first` (a portal read back from disk)."""
        self._numbers = itertools.count(first)

    def moment(self, at: float | None = None) -> str:
        """A datetime as the wire shows it, in the portal's zone."""
        seconds = self.clock.now() if at is None else at
        return datetime.datetime.fromtimestamp(int(seconds), self.zone).isoformat()

    def day(self, value: Any) -> str:
        """A date field as the wire shows it: midnight by UTC, told in the portal's zone."""
        midnight = datetime.datetime.fromisoformat(str(value)[:10]).replace(tzinfo=datetime.UTC)
        return midnight.astimezone(self.zone).isoformat()

    # Statuses and pipelines ---------------------------------------------------------------------------

    def add_status(
        self,
        entity: str,
        status_id: str,
        name: str,
        *,
        sort: int,
        semantics: str = "",
        system: str = "N",
        color: str = "",
        category: int | None = None,
    ) -> Row:
        """Put a status into a list (`SOURCE`, `STATUS`, `DEAL_STAGE`, `DEAL_STAGE_12`)."""
        meaning = {"S": "success", "F": "failure"}.get(semantics, "process")
        row: Row = {
            "ID": str(self.number()),
            "ENTITY_ID": entity,
            "STATUS_ID": status_id,
            "NAME": name,
            "NAME_INIT": "",
            "SORT": str(sort),
            "SYSTEM": system,
            "CATEGORY_ID": None if category is None else str(category),
            "COLOR": color,
            "SEMANTICS": semantics or None,
        }
        if color:
            row["EXTRA"] = {"SEMANTICS": meaning, "COLOR": color}
        self.statuses.append(row)
        return row

    def add_stages(self, entity: str, stages: list[list[str]], *, category: int | None) -> None:
        """A list of stages; those of a pipeline of its own carry `C{n}:` before their id."""
        prefix = "" if category is None else f"C{category}:"
        for sort, (status_id, name, semantics, system, color) in enumerate(stages, 1):
            self.add_status(
                entity,
                prefix + status_id,
                name,
                sort=sort * 10,
                semantics=semantics,
                system=system,
                color=color,
                category=category,
            )

    def add_pipeline(self, name: str, stages: list[list[str]] | None = None) -> int:
        """A pipeline beside the default one; `stages` are [id, name, semantics, system, colour]."""
        category = self.number()
        row = {"id": category, "name": name, "sort": 200, "isDefault": "N", "entityTypeId": DEAL}
        self.categories.append({**row, "originId": "", "originatorId": ""})
        self.add_stages(f"DEAL_STAGE_{category}", stages or FACTORY["new_stages"], category=category)
        return category

    def statuses_of(self, entity: str) -> list[Row]:
        """A list in its order."""
        return sorted(
            (row for row in self.statuses if row["ENTITY_ID"] == entity), key=lambda r: int(r["SORT"])
        )

    def stages_of(self, kind: int, category: int = 0) -> list[Row]:
        """The stages a lead or a deal of that pipeline may stand on."""
        if kind == LEAD:
            return self.statuses_of("STATUS")
        return self.statuses_of(f"DEAL_STAGE_{category}" if category else "DEAL_STAGE")

    # For tests ----------------------------------------------------------------------------------------

    def all(self, kind: int) -> list[Row]:
        """Rows of a type, oldest first."""
        return [self.items[kind][key] for key in sorted(self.items[kind])]

    @property
    def leads(self) -> list[Row]:
        """Leads, oldest first."""
        return self.all(LEAD)

    @property
    def deals(self) -> list[Row]:
        """Deals, oldest first."""
        return self.all(DEAL)

    @property
    def contacts(self) -> list[Row]:
        """Contacts, oldest first."""
        return self.all(CONTACT)
