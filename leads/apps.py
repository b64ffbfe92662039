"""Registers the room."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """Requests, sources, to-dos."""

    name = "leads"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hears what conversations announce."""
        from leads import listeners  # noqa: F401
