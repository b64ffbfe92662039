"""`manage.py dispatch`: carries out due rows until it is told to stop."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from work import sweep
from work.dispatch import Dispatcher


class Command(BaseCommand):
    """Runs in the foreground; SIGTERM and SIGINT let the present batch finish."""

    help = "Carries out due rows: incoming events, answers, messages, reminders."

    def add_arguments(self, parser: Any) -> None:
        """`--queue` limits it, so that a large installation can run one process a queue."""
        parser.add_argument("--queue", action="append", help="only this queue; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        names = options["queue"]
        dispatcher = Dispatcher([sweep.queue(name) for name in names] if names else sweep.queues())
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: dispatcher.stop())
        dispatcher.run()
