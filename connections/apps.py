"""Registers the room."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    """See the package's modules."""

    name = "connections"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Its queues are swept; the way out is told what it may call."""
        from django.conf import settings

        from connections import listeners, queues  # noqa: F401
        from kit import http

        http.configure(allow_private_hosts=settings.ALLOW_PRIVATE_HOSTS)
