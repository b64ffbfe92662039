"""Two JSON values side by side."""

from typing import Any

MISSING = "nothing"


def compare(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where they differ, as "<place>: ours …, theirs …"."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            said
            for key in [*ours, *(key for key in theirs if key not in ours)]
            for said in compare(
                ours.get(key, MISSING), theirs.get(key, MISSING), f"{path}.{key}" if path else str(key)
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            said
            for place, (one, other) in enumerate(zip(ours, theirs, strict=True))
            for said in compare(one, other, f"{path}[{place}]")
        ]
    # 1 and True are equal to Python and not to a provider.
    if type(ours) is type(theirs) and ours == theirs:
        return []
    return [f"{path}: ours {ours!r}, theirs {theirs!r}"]
