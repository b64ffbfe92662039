"""`manage.py pump`: the whole sweep without Celery or Redis."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand

from work import sweep


class Command(BaseCommand):
    """Sweeps every queue; prints rows taken per queue."""

    help = "Runs the durable-work sweep without Celery (works with Redis dead)."

    def add_arguments(self, parser: Any) -> None:
        """`--once` ends when nothing is due any more."""
        parser.add_argument("--once", action="store_true", help="end when nothing is due")

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        if options["once"]:
            self.stdout.write(json.dumps(sweep.drain()))
            return
        try:
            while True:
                if not any(sweep.drain().values()):
                    time.sleep(1.0)
        except KeyboardInterrupt:
            return
