"""What the fake Graph API remembers: the app, the number, the account, files, who takes messages."""

from __future__ import annotations

import itertools
import urllib.parse
import urllib.request
from typing import Any

from fakes.meta_answers import error
from fakes.server import Answer, FakeServer

APP = "700100200300"
NUMBER = "1122334455667"
BUSINESS = "102290129340398"
ACCOUNT = "17841400000000000"


class MetaState(FakeServer):
    """One app, one number, one account. Any token that looks like one is good, but those in `revoked`.

    `blocked` people take nothing, with `closed` ones the 24 hours are over, `answered` comments were answered in
    private. With `tries_hooks` an address is asked for its challenge before it is taken, as Meta does.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        port: int = 0,
        app_secret: str = "wa_app_secret",
        instagram_secret: str = "ig_app_secret",
        tries_hooks: bool = False,
    ) -> None:
        super().__init__(latency=latency, port=port)
        self.app_secret, self.instagram_secret = app_secret, instagram_secret
        self.tries_hooks = tries_hooks
        self.revoked: set[str] = set()
        self.blocked: set[str] = set()
        self.closed: set[str] = set()
        self.answered: set[str] = set()
        self.app_hooks: dict[str, dict[str, Any]] = {}
        self.subscribed: dict[str, list[str]] = {}
        self.granted = [BUSINESS]
        self.files: dict[str, tuple[bytes, str]] = {}
        self.number: dict[str, Any] = {
            "id": NUMBER,
            "display_phone_number": "+7 999 000-00-00",
            "verified_name": "Salon",
            "status": "CONNECTED",
            "quality_rating": "GREEN",
            "platform_type": "CLOUD_API",
        }
        self.override: dict[str, str] = {}
        self.templates: list[dict[str, Any]] = []
        self.account: dict[str, Any] = {
            "id": "9988776655",
            "user_id": ACCOUNT,
            "username": "salon_omsk",
            "name": "Salon",
        }
        self.profiles: dict[str, dict[str, str]] = {}
        self.chats: dict[str, list[dict[str, Any]]] = {}
        self.counter = itertools.count(1)

    def hook_refusal(self, url: Any, token: Any) -> Answer | None:
        """Why an address is not taken, None when it is."""
        if not str(url or "").startswith("http") or not token:
            return error(400, 100, "A callback address and a verify token are required")
        if not self.tries_hooks:
            return None
        challenge = str(next(self.counter) + 1158201444)
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        try:
            with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
                if answer.read().decode() == challenge:
                    return None
        except OSError:
            pass
        return error(400, 2200, "Callback verification failed")

    def store(self, content: bytes, mime: str) -> str:
        """Keeps a file; its number."""
        number = str(6_500_000 + next(self.counter))
        self.files[number] = (content, mime)
        return number
