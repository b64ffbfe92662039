"""The processes of the product on one box: how each is started, and when it may start again after a death."""

import subprocess
import sys
import time
from dataclasses import dataclass, field

from config import environment


def commands(given: environment.Environment) -> dict[str, list[str]]:
    """Command lines by name, in the order of starting."""
    python, data = sys.executable, given.data_dir
    (data / "beat").mkdir(exist_ok=True, mode=0o700)
    celery = [python, "-m", "celery", "-A", "config"]
    web = [
        *(python, "-m", "granian", "--interface", "asgi", "config.asgi:application"),
        *("--host", given.host, "--port", str(given.port), "--workers", "1"),
        # A stream counts as a request: with the defaults the 1,025th open inbox would hang.
        *("--backlog", "4096", "--backpressure", "20000", "--workers-kill-timeout", "3"),
        *("--no-ws", "--log-level", "warning", "--working-dir", str(environment.ROOT)),
    ]
    return {
        "web": web,
        "dispatch": [python, "manage.py", "dispatch"],
        "worker": [
            *(*celery, "worker", "--concurrency", "2", "--prefetch-multiplier", "1"),
            *("--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel", "WARNING"),
        ],
        "beat": [
            *(*celery, "beat", "--schedule", str(data / "beat" / "schedule"), "--pidfile", ""),
            *("--loglevel", "WARNING"),
        ],
    }


@dataclass
class Backoff:
    """When something that died may start again: 1, 2, 4 ... 30 s, from 1 again after a quiet minute."""

    delay: float = 1.0
    due: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def died(self) -> float:
        """Notes a death; returns the seconds until the next start."""
        now = time.monotonic()
        if now - self.began > 60:
            self.delay = 1.0
        waiting, self.delay = self.delay, min(self.delay * 2, 30.0)
        self.due = now + waiting
        return waiting

    def ready(self) -> bool:
        return time.monotonic() >= self.due


@dataclass
class Process:
    """One process of the product; `running` is None between a death and the next start."""

    name: str
    command: list[str]
    backoff: Backoff = field(default_factory=Backoff)
    running: subprocess.Popen[bytes] | None = None
