"""Run by the readers' own Python: `run.py <kind>` takes cases on stdin and tells what `programs/<kind>.py` finds.

A finding is "<place>: <what>". Places that match one of the program's `KNOWN` (pattern → why it does no harm) are left
out; patterns that matched nothing are told as idle.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    """Answers {"found": {name: [finding, …]}, "idle": [pattern, …]}."""
    program = importlib.import_module(f"programs.{sys.argv[1]}")
    idle, found = set(program.KNOWN), {}
    for name, case in json.load(sys.stdin).items():
        found[name] = []
        for said in findings(program, case):
            known = [one for one in program.KNOWN if re.fullmatch(one, said.partition(": ")[0])]
            idle.difference_update(known)
            found[name] += [] if known else [said]
    json.dump({"found": found, "idle": sorted(idle)}, sys.stdout)


def findings(program: Any, case: Any) -> Iterator[str]:
    """What the program finds; what the library refuses to take at all counts, too."""
    try:
        yield from program.differences(case)
    except Exception as refusal:
        # Models of pydantic tell every place by itself.
        places = refusal.errors() if callable(getattr(refusal, "errors", None)) else []
        for error in places:
            yield f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
        if not places:
            yield f"{type(refusal).__name__}: {refusal}"


if __name__ == "__main__":
    main()
