"""What must happen: durable rows and the sweep that carries them out."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Ground floor."""

    name = "work"
    default_auto_field = "django.db.models.BigAutoField"
