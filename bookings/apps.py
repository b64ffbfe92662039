"""Registers the room."""

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    """See the package's modules."""

    name = "bookings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Holds that run out are a queue of durable work."""
        from bookings import queues  # noqa: F401
