"""Celery's side: a message only says "sweep"; what is to be done is read from the rows."""

from __future__ import annotations

from celery import shared_task

from work import sweep


@shared_task(name="work.jobs.sweep_queue")
def sweep_queue(*, name: str) -> int:
    """Sweeps one queue until nothing of it is due; returns rows taken."""
    queue = sweep.queue(name)
    total = 0
    while taken := sweep.run(queue):
        total += taken
    if queue.wait:
        queue.wait()
    return total


@shared_task(name="work.jobs.sweep_slow")
def sweep_slow() -> int:
    """Sweeps every slow queue; beat calls it so that a lost nudge costs seconds."""
    return sum(sweep.drain(lane=sweep.SLOW).values())
