"""Whom we believe over TLS: the public authorities always, for a single request one named bundle more.

A bundle is a PEM file in `kit/certificates/` (its README says where each comes from). It is added for those requests
alone that name it, so an authority of one country cannot vouch for anybody else's server; verification is never off.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import httpx

BUNDLES = Path(__file__).parent / "certificates"

_NAME = re.compile(r"[a-z0-9_]{1,40}\Z")


class UnknownBundle(LookupError):
    """No bundle has this name: a mistake in a wire, not in the outside world."""


def context(bundle: str = "") -> ssl.SSLContext:
    """A context for outgoing connections, new each time (it takes some 20 ms): the caller keeps it.

    Raises `UnknownBundle`.
    """
    made = httpx.create_ssl_context()
    if bundle:
        made.load_verify_locations(cafile=_file(bundle))
    return made


class Contexts:
    """The contexts of one client, each made when it is first needed. The client sees to locking."""

    def __init__(self) -> None:
        self._made: dict[str, ssl.SSLContext] = {}

    def of(self, bundle: str) -> ssl.SSLContext:
        """The context that believes `bundle` too. Raises `UnknownBundle`."""
        if bundle not in self._made:
            self._made[bundle] = context(bundle)
        return self._made[bundle]


def _file(bundle: str) -> Path:
    file = BUNDLES / f"{bundle}.pem"
    if not _NAME.match(bundle) or not file.is_file():
        raise UnknownBundle(bundle)
    return file
