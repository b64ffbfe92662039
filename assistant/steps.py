"""The steps of a booking as data: what each needs, what it asks, and which buttons stand under the question.

`next_reply` asks for the first thing that is missing; when nothing is, it books. The order is `ORDER`; what a client
says out of order is kept, and its step is passed over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from assistant import book, facts
from assistant.talk import Choice, Reply, Talk
from bookings import slots
from bookings.models import Addon, Service, Staff
from bookings.slots import Slot
from integrations import registry
from kit.templatetags import marzha
from reminders import times

# More services than these are first asked for by category.
FEW = 8
A_PAGE = 12


def next_reply(talk: Talk) -> Reply:
    """The question for the first thing that is missing, or the booking itself."""
    for stage, missing, ask in ORDER:
        if missing(talk):
            talk.memory.stage = stage
            return ask(talk)
    outcome = book.book(talk)
    if isinstance(outcome, book.Gone):
        talk.memory.slot = None
        talk.memory.stage = "time" if outcome.alternatives else "service"
        if not outcome.alternatives:
            talk.memory.service_ids = []
            return ask_service(talk).opened_by(talk.phrase("not_served"))
        return offer(talk, outcome.alternatives, opening=talk.phrase(outcome.phrase))
    talk.memory.stage = "done"
    return outcome


def again(talk: Talk) -> Reply:
    """The question that stands, computed anew from what is known."""
    memory = talk.memory
    if memory.stage == "day" and memory.service_ids and memory.slot is None and not memory.wish:
        return ask_day(talk)
    return next_reply(talk)


# ---------------------------------------------------------------- which service
def _service_missing(talk: Talk) -> bool:
    memory = talk.memory
    known = {service.pk for service in talk.catalogue}
    memory.groups = [[one for one in group if one in known] for group in memory.groups]
    for group in [group for group in memory.groups if len(group) == 1]:
        if group[0] not in memory.service_ids:
            memory.service_ids.append(group[0])
    memory.groups = [group for group in memory.groups if len(group) > 1]
    memory.service_ids = [one for one in memory.service_ids if one in known]
    return bool(memory.groups) or not memory.service_ids


def ask_service(talk: Talk) -> Reply:
    """A choice of what was half understood, else the price list, by categories when it is long."""
    if talk.memory.groups:
        group = facts.chosen(talk.catalogue, talk.memory.groups[0])
        choices = [*map(_service_choice(talk), group[:A_PAGE]), talk.choice("other_service", "services")]
        return Reply(talk.phrase("ask_which"), choices)
    categories = list(dict.fromkeys(service.category for service in talk.catalogue))
    if len(talk.catalogue) > FEW and 1 < len(categories) <= A_PAGE and all(categories):
        choices = [Choice(name, "category", {"name": name}) for name in categories]
        return Reply(talk.phrase("ask_category"), [*choices, *_ways_out(talk)])
    return services_page(talk, talk.catalogue, start=0)


def services_page(talk: Talk, services: Sequence[Service], *, start: int) -> Reply:
    """A page of services as buttons."""
    choices = [*map(_service_choice(talk), services[start : start + A_PAGE])]
    if len(services) > start + A_PAGE:
        category = services[0].category if len({service.category for service in services}) == 1 else ""
        choices.append(talk.choice("more_services", "more", start=start + A_PAGE, name=category))
    return Reply(talk.phrase("ask_service"), [*choices, *_ways_out(talk)])


def _service_choice(talk: Talk) -> Callable[[Service], Choice]:
    return lambda service: Choice(
        f"{service.name} \u00b7 {talk.money(service.price)}"[:100], "service", {"id": service.pk}
    )


def _ways_out(talk: Talk) -> list[Choice]:
    mine = [talk.choice("my_visit", "visits")] if facts.visits(talk.thread, now=talk.now) else []
    return [*mine, talk.choice("call_person", "human")]


# ---------------------------------------------------------------- an add-on, once
def _addon_missing(talk: Talk) -> bool:
    memory = talk.memory
    return not memory.addon_asked and facts.addon_for(_services(talk)) is not None


def _ask_addon(talk: Talk) -> Reply:
    addon = facts.addon_for(_services(talk))
    assert addon is not None
    talk.memory.addon_asked = True
    key = "addon_line" if addon.minutes else "addon_line_quick"
    line = talk.phrase(
        key, addon=addon.name, price=talk.money(addon.price), minutes=marzha.minutes(addon.minutes)
    )
    question = addon.script.strip() or talk.phrase("addon_question")
    payload = {"id": addon.pk, "services": talk.memory.service_ids}
    choices = [
        talk.choice("addon_yes", "addon", **payload, yes=True),
        talk.choice("addon_no", "addon", **payload, yes=False),
    ]
    return Reply(f"{_chosen(talk)}\n\n{line}\n{question}", choices)


# ---------------------------------------------------------------- when
def _time_missing(talk: Talk) -> bool:
    return talk.memory.slot is None


def _ask_time(talk: Talk) -> Reply:
    if not talk.tenant.calendar_complete:
        # Visits also stand elsewhere: no time may be promised, a person answers.
        talk.memory.stage = "wish"
        return Reply(f"{_chosen(talk)}\n{talk.phrase('ask_wish')}", [talk.choice("call_person", "human")])
    memory, need, master = talk.memory, need_of(talk), master_of(talk)
    if memory.wish:
        return _by_wish(talk)
    found = times.soonest(need, now=talk.now, zone=talk.zone, staff=master)
    key = "ask_time_master" if master else "ask_time"
    return offer(
        talk, found, opening=f"{_chosen(talk)}\n{talk.phrase(key, master=master.name if master else '')}"
    )


def _by_wish(talk: Talk) -> Reply:
    """The wished days and times, or the nearest free ones with a plain word that there is nothing then."""
    wish, need, master = talk.memory.wish, need_of(talk), master_of(talk)
    after, until = wish.starts or dt.time.min, wish.until or dt.time.max
    days = wish.dates or times.free_days(need, now=talk.now, zone=talk.zone, staff=master, count=3)
    found: list[Slot] = []
    for day in days[:7]:
        found += times.on_day(need, day, now=talk.now, zone=talk.zone, staff=master, after=after, until=until)
    if wish.exact:
        exact = found[: 1 if wish.dates else 3] or _exactly(talk, days, after)
        if exact:
            return offer(talk, exact, opening=talk.phrase("free_exactly", when=talk.when(exact[0].starts_at)))
    elif found:
        word = marzha.day(days[0], talk.now) if len(wish.dates) == 1 else ""
        opening = talk.phrase("free_on", day=word) if word else talk.phrase("ask_time")
        return offer(talk, times.spread(found), opening=f"{_chosen(talk)}\n{opening}")
    around = _around(talk)
    nearest = times.nearest(need, around=around, now=talk.now, staff=master)
    return offer(talk, nearest, opening=talk.phrase("nothing_then"))


def _exactly(talk: Talk, days: Sequence[dt.date], at: dt.time) -> list[Slot]:
    """A start between the offered quarters of an hour is free as well when the master is."""
    services = _services(talk)
    need = need_of(talk)
    for day in days[:3]:
        starts_at = dt.datetime.combine(day, at, talk.zone).astimezone(dt.UTC)
        asked = slots.masters(need, staff=master_of(talk))
        if starts_at <= talk.now or not services or not asked:
            continue
        told = slots.verdicts(need, staff_ids=[one.pk for one in asked], starts_at=starts_at, now=talk.now)
        free = [staff_id for staff_id, verdict in told.items() if verdict is slots.Verdict.FREE]
        if free:
            return [Slot(starts_at, starts_at + dt.timedelta(minutes=need.minutes), free[0])]
    return []


def _around(talk: Talk) -> dt.datetime:
    """The moment the wish is nearest to."""
    wish = talk.memory.wish
    day = wish.dates[0] if wish.dates else talk.now.astimezone(talk.zone).date()
    at = wish.starts or wish.until or dt.time(12)
    return max(talk.now, dt.datetime.combine(day, at, talk.zone).astimezone(dt.UTC))


def offer(talk: Talk, found: Sequence[Slot], *, opening: str) -> Reply:
    """Free times as buttons, each of which says all that is needed to book it."""
    memory = talk.memory
    memory.offered = [{"starts_at": slot.starts_at.isoformat(), "staff_id": slot.staff_id} for slot in found]
    if not found:
        return Reply(
            talk.phrase("nothing_at_all"),
            [talk.choice("other_day", "days"), talk.choice("call_person", "human")],
        )
    asked = {"services": memory.service_ids, "addons": memory.addon_ids, "staff": memory.staff_id}
    choices = [
        Choice(talk.when(one.starts_at), "slot", asked | {"starts_at": one.starts_at.isoformat()})
        for one in found
    ]
    choices.append(talk.choice("other_day", "days"))
    if memory.staff_id is None and len(slots.masters(need_of(talk))) > 1:
        choices.append(talk.choice("choose_master", "masters"))
    return Reply(opening, choices)


def ask_day(talk: Talk) -> Reply:
    """Days with a free time."""
    days = times.free_days(need_of(talk), now=talk.now, zone=talk.zone, staff=master_of(talk))
    if not days:
        return Reply(talk.phrase("nothing_at_all"), [talk.choice("call_person", "human")])
    choices = [Choice(marzha.day(day, talk.now), "day", {"day": day.isoformat()}) for day in days]
    return Reply(talk.phrase("ask_day"), [*choices, talk.choice("call_person", "human")])


def offer_day(talk: Talk, day: dt.date, *, after: dt.time = dt.time.min) -> Reply:
    """Times of a day from `after` on; with more of them than fit, a way to the later ones."""
    found = times.on_day(need_of(talk), day, now=talk.now, zone=talk.zone, staff=master_of(talk), after=after)
    shown = times.spread(found) if after == dt.time.min else found[: times.A_DAY]
    if not shown:
        return ask_day(talk).opened_by(talk.phrase("nothing_then"))
    reply = offer(talk, shown, opening=talk.phrase("free_on", day=marzha.day(day, talk.now)))
    if len(found) > len(shown):
        begin = shown[0] if after == dt.time.min else shown[-1]
        later = (begin.starts_at + dt.timedelta(minutes=1)).astimezone(talk.zone).time()
        more = talk.choice("other_times", "day", day=day.isoformat(), after=later.strftime("%H:%M"))
        reply.choices.insert(len(shown), more)
    return reply


def ask_master(talk: Talk) -> Reply:
    """Masters who do it all, and the way back to any of them."""
    choices = [Choice(one.name, "master", {"id": one.pk}) for one in slots.masters(need_of(talk))]
    return Reply(talk.phrase("ask_master"), [*choices, talk.choice("any_master", "master", id=0)])


# ---------------------------------------------------------------- who
def _name_missing(talk: Talk) -> bool:
    return not talk.contact.name and not talk.memory.name_asked


def _ask_name(talk: Talk) -> Reply:
    talk.memory.name_asked = True
    return Reply(talk.phrase("ask_name"))


def _phone_missing(talk: Talk) -> bool:
    memory = talk.memory
    return not talk.contact.phone and not memory.phone_refused


def _ask_phone(talk: Talk) -> Reply:
    again, talk.memory.phone_asked = talk.memory.phone_asked, True
    can_ask = registry.channel(talk.thread.connection.kind).capabilities.contact_request
    choices = [Choice(talk.phrase("share_phone"), contact=True)] if can_ask else []
    return Reply(
        talk.phrase("bad_phone" if again else "ask_phone"),
        [*choices, talk.choice("without_phone", "no_phone")],
    )


# ---------------------------------------------------------------- shared
def _services(talk: Talk) -> list[Service]:
    return facts.chosen(talk.catalogue, talk.memory.service_ids)


def need_of(talk: Talk) -> slots.Need:
    """What the visit asks of a master."""
    return slots.need_of(_services(talk), facts.addons(talk.memory.addon_ids))


def master_of(talk: Talk) -> Staff | None:
    """The master the client asked for, while they do what is wished; else any."""
    if talk.memory.staff_id is None:
        return None
    staff = Staff.objects.filter(pk=talk.memory.staff_id, active=True).first()
    if staff is None or not slots.masters(need_of(talk), staff=staff):
        talk.memory.staff_id = None
        return None
    return staff


def _chosen(talk: Talk) -> str:
    rows: list[Service | Addon] = [*_services(talk), *facts.addons(talk.memory.addon_ids)]
    return talk.phrase(
        "chosen",
        services=", ".join(row.name for row in rows),
        price=talk.money(sum(row.price for row in rows)),
    )


ORDER: tuple[tuple[str, Callable[[Talk], bool], Callable[[Talk], Reply]], ...] = (
    ("service", _service_missing, ask_service),
    ("addon", _addon_missing, _ask_addon),
    ("time", _time_missing, _ask_time),
    ("name", _name_missing, _ask_name),
    ("phone", _phone_missing, _ask_phone),
)
