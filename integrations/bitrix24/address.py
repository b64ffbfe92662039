"""The address of an inbound webhook: read from what a person pasted, shown without its secret.

`https://{portal}/rest/{user id}/{code}/`; the code is the whole secret and stands in the path, so an
address never appears in a log or on a page as it is. Source: local-integrations/local-webhooks.md.
"""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

from integrations import errors

_PATH = re.compile(
    r"(?P<root>/(?:[^/]+/)*?)rest/(?:api/)?(?P<user>[0-9]{1,9})/(?P<code>[A-Za-z0-9]{6,64})"
    r"(?:/[A-Za-z0-9_.]*)?/?"
)
# Where the vendor keeps portals. Only there may a renamed portal lead us by itself: the secret goes along.
_CLOUD = re.compile(
    r"[a-z0-9-]+\.bitrix24\.(?:ru|com|by|kz|ua|eu|de|es|fr|it|pl|in|cn|jp|vn|id|mx|co|uk|com\.br|com\.tr)"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Address:
    """An inbound webhook. `root` is the path before `rest/`, slashes included."""

    scheme: str
    netloc: str
    root: str
    user: str
    code: str = dataclasses.field(repr=False)

    @property
    def host(self) -> str:
        """The portal's host without a port, lower case."""
        return urllib.parse.urlsplit(f"//{self.netloc}").hostname or ""

    @property
    def url(self) -> str:
        """The whole address, secret included: for storing and calling only."""
        return f"{self.scheme}://{self.netloc}{self.root}rest/{self.user}/{self.code}/"

    def method(self, name: str) -> str:
        """Where to POST a method."""
        return f"{self.url}{name}"


def parse(pasted: str) -> Address:
    """Read a pasted address; a method at its end, quotes and blanks around it do no harm.

    Raises `Rejected` with the code "address" when it is not an inbound webhook's.
    """
    try:
        parts = urllib.parse.urlsplit(pasted.strip().strip("'\"<>"))
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urllib.parse.urlsplit(""), ""
    found = _PATH.fullmatch(parts.path)
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc or found is None:
        raise errors.Rejected("not the address of an inbound webhook", code="address", content=True)
    scheme = "https" if _CLOUD.fullmatch(host) else parts.scheme
    return Address(scheme, parts.netloc.lower(), found["root"], found["user"], found["code"])


def moved(address: Address, location: str, *, trusted: frozenset[str] = frozenset()) -> Address | None:
    """Where a renamed portal says it lives now, or None when our secret must not go there by itself.

    Only a cloud portal of the vendor's over https, or a host named in `trusted`, is believed.
    """
    try:
        target = urllib.parse.urlsplit(urllib.parse.urljoin(address.url, location))
        host = (target.hostname or "").lower()
    except ValueError:
        return None
    known = host in trusted or (target.scheme == "https" and _CLOUD.fullmatch(host) is not None)
    if not known or "@" in target.netloc or target.netloc.lower() == address.netloc:
        return None
    return dataclasses.replace(address, scheme=target.scheme, netloc=target.netloc.lower())
