"""The front door: bodies are taken in whole, small ones for most paths, files where files are handed in."""

from __future__ import annotations

from typing import Any

import pytest

from config import asgi as door
from tests import asgi

MIB = 1024 * 1024
FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def form(size: int) -> list[bytes]:
    """A form with a file of so many bytes, in pieces as a network brings them."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return [head, *[b"x" * MIB] * (size // MIB), b"x" * (size % MIB), b"\r\n--b--\r\n"]


async def front(scope: Any, receive: Any, send: Any) -> None:
    """As a server calls it."""
    await door.application({**scope, "http_version": "1.1"}, receive, send)


def post(path: str, size: int) -> int:
    return asgi.call(front, "POST", path, form(size), FORM).status


@pytest.mark.parametrize("path", ["/inbox/", "/channels/", "/w/x/seen/", "/inbox/1/note/", "/api/v1/leads/"])
def test_most_paths_take_ten_mebibytes(path: str) -> None:
    assert post(path, 10 * MIB + 1) == 413


@pytest.mark.parametrize(
    "path", ["/inbox/1/files/", "/inbox/1/reply/", "/w/x/files/", "/w/x/", "/api/v1/messages/"]
)
def test_files_may_be_larger_and_not_endless(live_db: Any, path: str) -> None:
    assert post(path, 22 * MIB) == 413
    assert post(path, 15 * MIB) in (302, 401, 403, 404)  # taken in, and nobody is signed in
