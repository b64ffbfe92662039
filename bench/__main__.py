"""`make bench`: every measure in one run, a table on stdout and `bench/results.json`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import answers, booking, channels, dispatch, ingest, measure, pages, stand

MEASURES: dict[str, Callable[[], Iterator[measure.Figure]]] = {
    "ingest": ingest.figures,
    "ingest_mixed": channels.ingest_mixed,
    "first_answer": answers.figures,
    "dispatch": dispatch.figures,
    "outbound_telegram": channels.outbound_telegram,
    "outbound_whatsapp": channels.outbound_whatsapp,
    "outbound_vk": channels.outbound_vk,
    "slots": booking.slots,
    "inbox": pages.inbox,
    "dashboard_10k": lambda: pages.dashboard("dashboard_10k", 10_000),
    "dashboard_100k": lambda: pages.dashboard("dashboard_100k", 100_000),
}


def main() -> None:
    """Runs all, or those named."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], help="only these")
    names = parser.parse_args().names or list(MEASURES)
    found: list[measure.Figure] = []
    with tempfile.TemporaryDirectory(prefix="marzha-bench-") as folder, stand.servers(Path(folder) / "data"):
        for name in names:
            started = time.monotonic()
            for figure in MEASURES[name]():
                found.append(figure)
                extra = f"; {figure.note}" if figure.note else ""
                print(
                    f"{figure.name}: ratio {figure.ratio:.2f} (goal {figure.goal}){extra}",
                    file=sys.stderr,
                    flush=True,
                )
            print(f"  {name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    print(measure.table(found))
    for figure in found:
        if figure.note:
            print(f"{figure.name}: {figure.note}")
    measure.keep(found, Path(__file__).parent / "results.json")


if __name__ == "__main__":
    main()
