"""The roof as an app: it carries management commands of the whole house and sets Celery up."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Roof."""

    name = "config"

    def ready(self) -> None:
        """Celery's application must exist before a room publishes a nudge."""
        from config import celery  # noqa: F401
