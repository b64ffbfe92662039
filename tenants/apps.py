"""Who: tenants, people, roles, the wall."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Ground floor."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Grants on tables without a tenant follow each migration; checks keep the wall whole."""
        from django.db.models.signals import post_migrate

        from tenants import checks, grants  # noqa: F401

        post_migrate.connect(grants.grant_shared_tables, sender=self)
