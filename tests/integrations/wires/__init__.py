"""One module a kind of channel: what the shared battery needs to know of it, as `WIRE`.

A kind that stands for several providers gives one for each of them, as `WIRES`.
"""

import importlib
import pkgutil

from tests.integrations.cases import Wire


def all_wires() -> list[Wire]:
    """The wires of every module here."""
    found: list[Wire] = []
    for listed in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{listed.name}")
        found += module.WIRES if hasattr(module, "WIRES") else [module.WIRE]
    return found


def name_of(wire: Wire) -> str:
    """The kind, and the provider where there are several."""
    provider = wire.settings.get("provider")
    return f"{wire.kind}-{provider}" if provider else wire.kind
