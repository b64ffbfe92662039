"""Registers the room."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """See the package's modules."""

    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        """A colleague's link is recognised before any room takes the message in.

        Receivers are called in the order they were connected, and every room connects its own in `ready()`, which
        comes after all models are there.
        """
        super().import_models()
        from connections import signals
        from inbox import attach
        from inbox.group import models  # noqa: F401 - the tables of a package of the room's own

        signals.fact_received.connect(attach.hear, dispatch_uid="inbox.attach")

    def ready(self) -> None:
        """Hears what lower rooms announce; its queues are swept."""
        from connections import signals
        from inbox import listeners, queues  # noqa: F401
        from inbox.group import hearing
        from inbox.group import listeners as group_listeners  # noqa: F401
        from inbox.group import queues as group_queues  # noqa: F401

        signals.fact_received.connect(hearing.hear, dispatch_uid="inbox.group")
