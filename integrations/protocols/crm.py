"""What Marzha asks of an outside CRM, in Marzha's words.

A wire of this kind turns these shapes into its provider's fields and back. Every operation is a call
that yields requests and returns its result (`kit.http.Call`); it fails with the four errors of
`integrations.errors` and nothing else, a refusal with a `code` that `explain` puts into words. Everything
comes by arguments: `settings` are the connection's decrypted settings.

How a caller survives a lost reply of a create (`Uncertain`): the portal may still be at work for a
minute, so it waits `SETTLE`, looks (`find`), waits `SECOND_LOOK`, and only then pushes again; a push looks
by our key once more before it creates anything.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from integrations import errors
from integrations.protocols import channel
from kit import http

Settings = Mapping[str, str]

SETTLE = datetime.timedelta(seconds=75)
SECOND_LOOK = datetime.timedelta(seconds=30)


class Step(enum.StrEnum):
    """Where an enquiry stands; a CRM's stages are matched to these."""

    NEW = "new"
    TALK = "talk"
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    VISITED = "visited"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    LOST = "lost"


class Meaning(enum.StrEnum):
    """What a stage means for the CRM itself: still open, sold, or lost."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


MEANINGS: Mapping[Step, Meaning] = {
    Step.NEW: Meaning.OPEN,
    Step.TALK: Meaning.OPEN,
    Step.BOOKED: Meaning.OPEN,
    Step.CONFIRMED: Meaning.OPEN,
    Step.VISITED: Meaning.WON,
    Step.NO_SHOW: Meaning.LOST,
    Step.CANCELLED: Meaning.LOST,
    Step.LOST: Meaning.LOST,
}


class LeadMode(enum.StrEnum):
    """Whether the CRM keeps leads apart (`CLASSIC`), turns them into deals at once (`SIMPLE`)."""

    CLASSIC = "classic"
    SIMPLE = "simple"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """A column of a pipeline, in the CRM's own order."""

    id: str
    name: str
    meaning: Meaning


@dataclasses.dataclass(frozen=True, slots=True)
class Pipeline:
    """A funnel of deals with its stages."""

    id: str
    name: str
    default: bool
    stages: tuple[Stage, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A word of the CRM's list of sources."""

    id: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """The user of the CRM in whose name we work."""

    id: str
    name: str
    admin: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Capabilities:
    """What a check found: shown to the owner, kept by the caller.

    `account` is the address people know the portal by. `lasting` is whether access comes with the plan
    itself (True), with something that ends, a trial or a subscription (False), or could not be told.
    `missing` names what will not work, in the codes of the wire.
    """

    account: str
    user: Person
    leads: LeadMode
    pipelines: tuple[Pipeline, ...]
    lead_stages: tuple[Stage, ...]
    sources: tuple[Source, ...]
    utc_offset: int
    lasting: bool | None = None
    missing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Capabilities:
        """What `to_dict` gave, back."""
        return cls(
            account=data["account"],
            user=Person(**data["user"]),
            leads=LeadMode(data["leads"]),
            pipelines=tuple(
                Pipeline(item["id"], item["name"], item["default"], _stages(item["stages"]))
                for item in data["pipelines"]
            ),
            lead_stages=_stages(data["lead_stages"]),
            sources=tuple(Source(**item) for item in data["sources"]),
            utc_offset=data["utc_offset"],
            lasting=data["lasting"],
            missing=tuple(data["missing"]),
        )


def _stages(items: Any) -> tuple[Stage, ...]:
    return tuple(Stage(item["id"], item["name"], Meaning(item["meaning"])) for item in items)


@dataclasses.dataclass(frozen=True, slots=True)
class Matching:
    """Our words beside theirs: guessed once, then the owner's to change.

    `stages` and `lead_stages` map a step to a stage id, `sources` our source word (`telegram`) to a
    source id. `weak` lists the steps whose stage was chosen by position alone: the page asks about them.
    """

    pipeline: str
    stages: Mapping[Step, str]
    sources: Mapping[str, str]
    responsible: str
    lead_stages: Mapping[Step, str] = dataclasses.field(default_factory=dict)
    weak: tuple[Step, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return {
            "pipeline": self.pipeline,
            "stages": {str(step): stage for step, stage in self.stages.items()},
            "lead_stages": {str(step): stage for step, stage in self.lead_stages.items()},
            "sources": dict(self.sources),
            "responsible": self.responsible,
            "weak": [str(step) for step in self.weak],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Matching:
        """What `to_dict` gave, back."""
        return cls(
            pipeline=data["pipeline"],
            stages={Step(step): stage for step, stage in data["stages"].items()},
            lead_stages={Step(step): stage for step, stage in data["lead_stages"].items()},
            sources=dict(data["sources"]),
            responsible=data["responsible"],
            weak=tuple(Step(step) for step in data["weak"]),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Utm:
    """The tags of the link a client came by; empty means unknown."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Messenger:
    """An address in a messenger: `Messenger("telegram", "irina_omsk")`."""

    kind: str
    handle: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A client as the CRM should know him.

    `key` is ours and lasts for ever; `id` the CRM's, once known. Phones are E.164. Of an existing
    contact only empty places are filled and addresses added: what a person typed there stays.
    """

    key: str
    name: str
    responsible: str
    id: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    messengers: tuple[Messenger, ...] = ()
    source: str = ""
    source_note: str = ""
    utm: Utm = Utm()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An enquiry as the CRM should show it. Money is exact, dates are the salon's local days.

    `base` is the state both sides had at the last push (`Saved.state`): a field that we did not change
    since is left as the CRM has it. Title, source, tags and responsible are written at creation only.
    """

    key: str
    title: str
    pipeline: str
    stage: str
    responsible: str
    opens: datetime.date
    closes: datetime.date
    id: str | None = None
    source: str = ""
    source_note: str = ""
    utm: Utm = Utm()
    amount: decimal.Decimal | None = None
    currency: str = ""
    base: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """An enquiry not yet worth a deal; only where the CRM keeps leads apart."""

    key: str
    title: str
    name: str
    stage: str
    responsible: str
    id: str | None = None
    phones: tuple[str, ...] = ()
    source: str = ""
    source_note: str = ""
    utm: Utm = Utm()
    base: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that should stand in the CRM for one enquiry; the deal is linked to contact and lead."""

    contact: Contact | None = None
    lead: Lead | None = None
    deal: Deal | None = None


class How(enum.StrEnum):
    """What a push had to do for one row."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPDATED = "updated"
    SAME = "same"


@dataclasses.dataclass(frozen=True, slots=True)
class Saved:
    """A row as it stands in the CRM now.

    `state` is what the CRM answered, in plain JSON values: keep it, it is the `base` of the next push.
    `others` are further rows that look like the same one (a phone met twice): told, never merged.
    `dropped` names optional fields the CRM would not take.
    """

    id: str
    how: How
    state: Mapping[str, Any]
    others: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


Failure = errors.Retry | errors.Rejected | errors.Unreachable | errors.Uncertain


@dataclasses.dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a card, part by part (`contact`, `lead`, `deal`).

    A chain is no transaction: the contact may stand while the deal was refused, so each part says for
    itself. A part that was not reached because an earlier one failed is in neither mapping.
    """

    saved: Mapping[str, Saved]
    failed: Mapping[str, Failure]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Ids of rows that are already there: `by_key` made by us, `by_address` with the same phone or mail."""

    by_key: tuple[str, ...] = ()
    by_address: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """The one to take: ours first, else the oldest of those with the same address."""
        return next(iter(self.by_key + self.by_address), None)


class Crm(Protocol):
    """One kind of CRM."""

    kind: str
    label: Any  # lazy English text
    fields: Sequence[channel.Field]

    def account(self, settings: Settings) -> str:
        """The account's address without any secret, for pages and logs. Raises `Rejected("address")`."""
        ...

    def check(self, settings: Settings) -> http.Call[Capabilities]:
        """Ask who we are, what we may do and what is there. Changes nothing; refused access is `Rejected`."""
        ...

    def guess(self, capabilities: Capabilities) -> Matching:
        """The likeliest matching of our words with what the check found. No network."""
        ...

    def add_sources(self, settings: Settings, names: Mapping[str, str]) -> http.Call[Mapping[str, str]]:
        """Make the list of sources hold ours: `names` maps a source word to its name, the result to its id.

        Repeating adds nothing. Needs an administrator: `Rejected` with the code "rights" where he is none.
        """
        ...

    def find(self, settings: Settings, card: Card) -> http.Call[Mapping[str, Found]]:
        """What of the card is already there, part by part; changes nothing."""
        ...

    def push(self, settings: Settings, card: Card) -> http.Call[Pushed]:
        """Make the CRM show the card: found before created, nothing written that is so already."""
        ...

    def explain(self, failure: Exception) -> Any:
        """What a failure means and what its reader can do, as a lazy text for the owner."""
        ...
