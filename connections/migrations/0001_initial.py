import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import tenants.constraints
import tenants.wall
import work.queue
from connections.functions import RESOLVE_HOOK
from tenants import functions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("sealed_settings", models.BinaryField()),
                ("token_hash", models.BinaryField(max_length=32)),
                ("sealed_token", models.BinaryField()),
                (
                    "state",
                    models.CharField(
                        choices=[("ok", "Works"), ("broken", "Needs attention"), ("off", "Switched off")],
                        default="ok",
                        max_length=10,
                    ),
                ),
                ("account", models.JSONField(blank=True, default=dict)),
                ("last_event_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("last_error_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "kind"], name="connections_tenant__55a14f_idx"),
                    models.Index(fields=["token_hash"], name="connections_token_hash"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="connections_connection_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="connections_connection_wall"),
                    models.UniqueConstraint(
                        fields=("tenant", "token_hash"), name="connections_connection_token"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InboundEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Planned"),
                            ("pending", "Due"),
                            ("claimed", "Taken"),
                            ("calling", "Under way"),
                            ("done", "Done"),
                            ("ignored", "Ignored"),
                            ("skipped", "Skipped"),
                            ("in_doubt", "Uncertain"),
                            ("expired", "Too late"),
                            ("cancelled", "Cancelled"),
                            ("dead", "Failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("external_id", models.CharField(max_length=200)),
                ("weak_id", models.BooleanField(default=False)),
                ("thread", models.CharField(blank=True, default="", max_length=200)),
                ("method", models.CharField(default="POST", max_length=10)),
                ("subpath", models.CharField(blank=True, default="", max_length=200)),
                ("query", models.TextField(blank=True, default="")),
                ("headers", models.JSONField(default=dict)),
                ("raw", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                (
                    "connection",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.connection",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "-received_at"], name="connections_tenant__7a9bc9_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="connections_inboundevent_tenant_id"
                    ),
                    tenants.constraints.SameTenant(
                        field="connection", name="connections_inboundevent_connection_same_tenant"
                    ),
                    work.queue.DurableQueue(name="connections_inboundevent_queue", ordered_by="thread"),
                    tenants.constraints.RowLevelSecurity(
                        inserter="app_ingest", name="connections_inboundevent_wall"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "connection", "external_id"), name="connections_inboundevent_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Quarantined",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("received_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=100)),
                ("sealed_request", models.BinaryField()),
                (
                    "connection",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.connection",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "-received_at"], name="connections_tenant__88e841_idx"),
                    models.Index(fields=["tenant", "connection"], name="connections_tenant__8078d0_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="connections_quarantined_tenant_id"
                    ),
                    tenants.constraints.SameTenant(
                        field="connection", name="connections_quarantined_connection_same_tenant"
                    ),
                    tenants.constraints.RowLevelSecurity(
                        inserter="app_ingest", name="connections_quarantined_wall"
                    ),
                ],
            },
        ),
        functions.operation(RESOLVE_HOOK, drop="resolve_hook(bytea)"),
    ]
