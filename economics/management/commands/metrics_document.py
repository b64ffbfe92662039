"""`manage.py metrics_document`: writes docs/metrics.md from the registry."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from economics import document


class Command(BaseCommand):
    """See the module."""

    help = "Writes docs/metrics.md from the registry of figures."

    def handle(self, *args: Any, **options: Any) -> None:
        """See the class."""
        path = settings.ROOT / "docs" / "metrics.md"
        path.write_text(document.markdown(), encoding="utf-8")
        self.stderr.write(f"{path.name}: {len(path.read_text(encoding='utf-8').splitlines())} lines")
