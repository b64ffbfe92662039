"""Registers the room."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """People, threads, messages, the outbox."""

    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hears what channels bring; its queue is swept; visitors of the site chat are told."""
        from conversations import listeners, queues, visitor_live  # noqa: F401
