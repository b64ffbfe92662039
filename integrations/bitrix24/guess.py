"""The likeliest matching of our steps and sources with a portal's stages and list of sources.

Two witnesses are believed: the identifiers of the factory set (and our own), and what people call a stage.
Where neither speaks, the place in the pipeline decides, and the step is named `weak`: the page asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.bitrix24 import language
from integrations.protocols import crm
from integrations.protocols.crm import Step

# Most telling first, so that "confirmed the appointment" goes to confirmed and "did not come" to the no-show.
_BY_NAME = (
    Step.NO_SHOW,
    Step.CANCELLED,
    Step.CONFIRMED,
    Step.BOOKED,
    Step.VISITED,
    Step.LOST,
    Step.TALK,
    Step.NEW,
)
# Without a stage of its own a step is shown by a neighbour that says no more than is true.
_NEIGHBOUR = {
    Step.CONFIRMED: Step.BOOKED,
    Step.NO_SHOW: Step.LOST,
    Step.CANCELLED: Step.LOST,
}


def matching(found: crm.Capabilities) -> crm.Matching:
    """A whole matching; every step gets a stage as long as the pipeline has one of each meaning."""
    pipeline = _pipeline(found.pipelines)
    stages, weak = _steps(pipeline.stages) if pipeline else ({}, ())
    lead_stages, _ = _steps(found.lead_stages)
    return crm.Matching(
        pipeline=pipeline.id if pipeline else "",
        stages=stages,
        sources={word: source for word in language.SOURCES if (source := _source(word, found.sources))},
        responsible=found.user.id,
        lead_stages=lead_stages if found.leads is crm.LeadMode.CLASSIC else {},
        weak=weak,
    )


def _pipeline(pipelines: Sequence[crm.Pipeline]) -> crm.Pipeline | None:
    """The pipeline whose stages speak most of visits; the default one among equals."""

    def score(pipeline: crm.Pipeline) -> tuple[int, bool]:
        telling = {Step.BOOKED, Step.CONFIRMED, Step.NO_SHOW}
        named = {step for stage in pipeline.stages if (step := _named(stage)) in telling}
        return len(named), pipeline.default

    return max(pipelines, key=score, default=None)


def _steps(stages: Sequence[crm.Stage]) -> tuple[dict[Step, str], tuple[Step, ...]]:
    taken: dict[Step, str] = {}
    weak: list[Step] = []
    for stage in stages:
        step = _named(stage)
        if step is not None:
            taken.setdefault(step, stage.id)
    by_name = set(taken)
    for stage in stages:
        step = _factory(stage)
        if step is not None and step not in taken:
            taken[step] = stage.id
    order = {stage.id: place for place, stage in enumerate(stages)}
    for step in Step:
        if step not in taken and (stage_id := _by_place(step, stages, taken)):
            taken[step] = stage_id
            if step in (Step.TALK, Step.BOOKED):
                weak.append(step)
        elif step in (Step.TALK, Step.BOOKED) and step in taken and step not in by_name:
            weak.append(step)
    _straighten(taken, order)
    return {step: taken[step] for step in Step if step in taken}, tuple(step for step in Step if step in weak)


def _named(stage: crm.Stage) -> Step | None:
    for step in _BY_NAME:
        if crm.MEANINGS[step] is stage.meaning and (
            _tail(stage.id) in _ours(step) or language.names_stage(step, stage.name)
        ):
            return step
    return None


def _ours(step: Step) -> set[str]:
    return {known for known in language.STAGE_IDS.get(step, ()) if known.startswith("MZ_")}


def _factory(stage: crm.Stage) -> Step | None:
    for step, known in language.STAGE_IDS.items():
        if _tail(stage.id) in known and crm.MEANINGS[Step(step)] is stage.meaning:
            return Step(step)
    return None


def _tail(stage_id: str) -> str:
    """`C12:NEW` and `NEW` are the same stage of two pipelines."""
    return stage_id.rpartition(":")[2]


def _by_place(step: Step, stages: Sequence[crm.Stage], taken: Mapping[Step, str]) -> str | None:
    if neighbour := taken.get(_NEIGHBOUR.get(step, step)):
        return neighbour
    same = [stage.id for stage in stages if stage.meaning is crm.MEANINGS[step]]
    if not same:
        return None
    if step is Step.TALK:
        return next((one for one in same if one not in taken.values()), same[0])
    return same[-1] if step is Step.BOOKED else same[0]


def _straighten(taken: dict[Step, str], order: Mapping[str, int]) -> None:
    """A deal must not go backwards in the portal while it goes forward with us."""
    earlier = taken.get(Step.NEW)
    for step in (Step.TALK, Step.BOOKED, Step.CONFIRMED):
        if step in taken:
            if earlier is not None and order[taken[step]] < order[earlier]:
                taken[step] = earlier
            earlier = taken[step]


def _source(word: str, sources: Sequence[crm.Source]) -> str | None:
    ids = {source.id for source in sources}
    ours = f"MZ_{word.upper()}"
    if ours in ids:
        return ours
    for source in sources:
        if language.names_source(word, source.name):
            return source.id
    known = (*language.SOURCE_IDS.get(word, ()), *language.SOURCE_IDS["any"])
    return next((one for one in known if one in ids), next(iter(sorted(ids)), None))
