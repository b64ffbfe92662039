"""Registers the room."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """See the package's modules."""

    name = "leads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listeners hear what lower rooms announce."""
