"""Registers the room."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    """See the package's modules."""

    name = "reminders"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        """A visit's link is recognised before any room takes the message in.

        Receivers are called in the order they were connected, and every room connects its own in `ready()`, which
        comes after all models are there.
        """
        super().import_models()
        from connections import signals
        from reminders import attach

        signals.fact_received.connect(attach.foresee, dispatch_uid="reminders.attach")

    def ready(self) -> None:
        """Hears visits and messages; its queue is swept."""
        from reminders import listeners, queues  # noqa: F401
