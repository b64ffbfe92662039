"""One module a kind of channel: what the shared battery needs to know of it, as `WIRE`."""

import importlib
import pkgutil

from tests.integrations.cases import Wire


def all_wires() -> list[Wire]:
    """The wires of every module here."""
    return [
        importlib.import_module(f"{__name__}.{module.name}").WIRE for module in pkgutil.iter_modules(__path__)
    ]
