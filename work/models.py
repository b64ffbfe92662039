"""The only table of this room: when each loop was last alive. Durable rows are tables of their own rooms."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    """A loop of `dispatch`; belongs to no tenant."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    @classmethod
    def renew(cls, name: str) -> None:
        """Writes the present moment of the database."""
        row = Heartbeat(name=name, at=Now())
        Heartbeat.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
        )
