"""Registers the room."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Outside CRMs say what we say."""

    name = "sync"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hears what changes; its queue is swept."""
        from sync import listeners, queues  # noqa: F401
