"""Small histories by chance, for properties that hold whatever happened."""

from __future__ import annotations

import datetime as dt
import random

from tests.economics.story import Story

PEOPLE = ("anna", "boris", "clara", "dora", "egor")
SOURCES = ("avito", "vk_ads", "yandex", None)
_START = dt.datetime(2026, 3, 10)


def history(seed: int) -> Story:
    """Leads, visits, moves, money and spend between March and June 2026; the same for the same seed."""
    dice = random.Random(seed)
    story = Story(vat_rate=dice.choice(["0", "5"]), attribution_window_days=dice.choice([10, 90]))
    story.person("anna", client_since=dice.choice([None, "2026-03-20"]))
    story.person("egor", is_test=dice.random() < 0.5)
    if dice.random() < 0.3:
        story.person("dora-2", merged_into="dora")

    def moment(latest: int = 70) -> str:
        at = _START + dt.timedelta(seconds=dice.randrange(latest * 86_400))
        return (at.replace(hour=0, minute=0, second=0) if dice.random() < 0.2 else at).isoformat(" ")

    def later(at: str, seconds: int) -> str:
        return (dt.datetime.fromisoformat(at) + dt.timedelta(seconds=seconds)).isoformat(" ")

    leads: list[tuple[str, str]] = []
    for _ in range(dice.randrange(12)):
        who, at = dice.choice([*PEOPLE, "dora-2"] if len(story.rows["contacts"]) > 2 else PEOPLE), moment()
        touches = [
            (later(at, -dice.choice([0, 60, 86_400 * 30])), dice.choice(SOURCES))
            for _ in range(dice.randrange(4))
        ]
        lead = story.lead(
            who, at, touches=touches, campaign=dice.choice([None, "spring"]), channel=dice.choice(["vk", "avito"]),
            handling_seconds=dice.choice([0, 37]), is_spam=dice.random() < 0.1,
        )  # fmt: skip
        leads.append((who, lead))
        for _ in range(dice.randrange(3)):
            at = later(at, dice.choice([2, 300, 301, 90_000]))
            story.say(
                lead,
                at,
                by=dice.choice(["client", "assistant", "manager", "system"]),
                cost=dice.choice(["0", "1.11"]),
            )
    for number in range(dice.randrange(12)):
        nobody: tuple[str | None, str | None] = (dice.choice([*PEOPLE, None]), None)
        who, lead = dice.choice(leads) if leads and dice.random() < 0.5 else nobody  # type: ignore[assignment]
        # A master of his own hour: the file may not hold two visits of one master at once.
        start = _START + dt.timedelta(days=dice.randrange(70), hours=number)
        made = (start - dt.timedelta(days=3)).isoformat(" ")
        end = dice.choice(
            ["completed", "completed", "no_show", "no_show completed", "cancelled", "", "expired"]
        )
        moved, begin, notice = None, start.isoformat(" "), dice.choice([3600, 86_400, 100_000])
        if dice.random() < 0.2:
            moved = (later(made, 60), (start + dt.timedelta(days=dice.randrange(40))).isoformat(" "))
        visit = story.visit(
            who, start.isoformat(" "), made=made, lead=lead, end=end, moved=moved, addons=dice.randrange(2),
            service=dice.choice(["cut", "beard"]) if number % 2 else "cut", staff=dice.choice(["ivan", "petr"]),
            discount=dice.choice(["0.00", "99.99"]), by=dice.choice(["client", "salon"]),
            ended=later((moved or ("", begin))[1], -notice) if end == "cancelled" else "",
            addons_offered=dice.random() < 0.5,
        )  # fmt: skip
        if dice.random() < 0.6:
            story.paid(visit, "500.00", made, kind=dice.choice(["payment", "deposit"]), fee="7.77")
            if dice.random() < 0.3:
                story.paid(visit, "123.45", (start + dt.timedelta(days=20)).isoformat(" "), kind="refund")
    for _ in range(dice.randrange(4)):
        first = dt.date(2026, 3, 20) + dt.timedelta(days=dice.randrange(60))
        last = first + dt.timedelta(days=dice.choice([0, 6, 30]))
        source = dice.choice(SOURCES)
        story.spent(
            dice.choice(["1000.00", "77.77", "-0.05", "0.00"]), first.isoformat(), last.isoformat(), source,
            kind=dice.choice(["ads", "ads", "other", "manager", "retention"]),
            campaign=dice.choice([None, "spring"]) if source else None,
        )  # fmt: skip
    return story
