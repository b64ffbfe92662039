"""One module a kind of channel, with its adapters to the kit as `KINDS`."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from tests.conformance.kit import Kind


@functools.cache
def all_kinds() -> tuple[type[Kind], ...]:
    """The adapters of every module here."""
    modules = [
        importlib.import_module(f"{__name__}.{listed.name}") for listed in pkgutil.iter_modules(__path__)
    ]
    return tuple(kind for module in modules for kind in module.KINDS)
