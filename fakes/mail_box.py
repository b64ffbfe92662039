"""Folders of a fake mailbox: letters with numbers that only grow, as IMAP wants them."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, datetime


@dataclasses.dataclass(slots=True)
class Stored:
    """A letter in a folder; `at` is when it came in."""

    uid: int
    raw: bytes
    at: datetime
    seen: bool = False

    def header(self, name: str) -> str | None:
        """The unfolded value of a header, None when the letter has none."""
        head = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
        unfolded = head.replace("\n ", " ").replace("\n\t", " ")
        for line in unfolded.split("\n"):
            key, colon, value = line.partition(":")
            if colon and key.strip().lower() == name.lower():
                return value.strip()
        return None


class Folder:
    """One folder. `special` is its use, such as \\Sent."""

    def __init__(self, special: str = "", validity: int = 1000) -> None:
        self.special, self.validity, self.following = special, validity, 1
        self.letters: list[Stored] = []
        self.lock = threading.RLock()

    def add(self, raw: bytes, *, seen: bool = False, at: datetime | None = None) -> Stored:
        """A letter comes in."""
        with self.lock:
            # On the wire every line ends so.
            wire = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            stored = Stored(self.following, wire, at or datetime.now(UTC), seen)
            self.letters.append(stored)
            self.following += 1
            return stored

    def lose_numbers(self) -> None:
        """The server was rebuilt: every number is void."""
        with self.lock:
            self.validity += 1
            for number, stored in enumerate(self.letters, start=1):
                stored.uid = number
            self.following = len(self.letters) + 1


class Box:
    """Folders by name. Russian services name theirs in Russian, in modified UTF-7 on the wire."""

    SENT = "Отправленные"

    def __init__(self) -> None:
        self.folders = {"INBOX": Folder(), self.SENT: Folder("\\Sent", validity=2000)}

    def folder(self, name: str) -> Folder:
        """The folder of that name; raises KeyError."""
        return self.folders["INBOX" if name.upper() == "INBOX" else name]
