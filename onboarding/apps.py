"""Registers the room."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """The first ten minutes."""

    name = "onboarding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Hears that a tenant was made."""
        from onboarding import listeners  # noqa: F401
