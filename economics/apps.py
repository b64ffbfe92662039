"""Registers the room."""

from django.apps import AppConfig


class EconomicsConfig(AppConfig):
    """See the package's modules."""

    name = "economics"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listeners hear what lower rooms announce."""
