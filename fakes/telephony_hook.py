"""One event of a provider of telephony on its way to our address."""

from __future__ import annotations

import dataclasses
import urllib.error
import urllib.request
from urllib.parse import urlencode

FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclasses.dataclass(frozen=True, slots=True)
class Hook:
    """`fields` go in the body, or in the address of a GET; `path` is what the provider appends to our address."""

    headers: dict[str, str]
    fields: dict[str, str]
    path: str = ""
    method: str = "POST"

    @property
    def body(self) -> bytes:
        """The form, empty for a GET."""
        return urlencode(self.fields).encode() if self.method == "POST" else b""

    def post(self, url: str) -> tuple[int, bytes]:
        """Sends it to the hook at `url`; (status, answer), 0 when there was none."""
        place = url + self.path
        if self.method == "GET":
            place += "?" + urlencode(self.fields)
        request = urllib.request.Request(
            place, data=self.body or None, headers=self.headers, method=self.method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return int(error.code), error.read()
        except OSError:
            return 0, b""
