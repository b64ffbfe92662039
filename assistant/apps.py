"""Registers the room."""

from django.apps import AppConfig


class AssistantConfig(AppConfig):
    """See the package's modules."""

    name = "assistant"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hears clients; its queue is swept."""
        from assistant import listeners, queues  # noqa: F401
