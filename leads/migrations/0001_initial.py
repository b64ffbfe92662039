import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import tenants.constraints
import tenants.wall


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("connections", "0001_initial"),
        ("conversations", "0001_initial"),
        ("tenants", "0001_initial"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel_kind", models.CharField(max_length=20)),
                ("source", models.CharField(blank=True, default="", max_length=100)),
                ("medium", models.CharField(blank=True, default="", max_length=100)),
                ("campaign", models.CharField(blank=True, default="", max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("contacted", "Answered"),
                            ("qualified", "Qualified"),
                            ("booked", "Booked"),
                            ("visited", "Visited"),
                            ("lost", "Lost"),
                        ],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("lost_reason", models.CharField(blank=True, default="", max_length=200)),
                ("request", models.TextField(blank=True, default="")),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("handling_seconds", models.PositiveIntegerField(default=0)),
                ("is_spam", models.BooleanField(default=False)),
                ("is_test", models.BooleanField(default=False)),
                ("is_suspicious", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("local_day", models.DateField()),
                ("first_reply_at", models.DateTimeField(blank=True, null=True)),
                ("first_human_reply_at", models.DateTimeField(blank=True, null=True)),
                ("last_message_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.connection",
                    ),
                ),
                (
                    "contact",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.contact",
                    ),
                ),
                (
                    "conversation",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.conversation",
                    ),
                ),
                (
                    "duplicate_of",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "event",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.inboundevent",
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
                    models.Index(
                        fields=["tenant", "local_day", "channel_kind"], name="leads_lead_tenant__5dd168_idx"
                    ),
                    models.Index(
                        fields=["tenant", "-created_at", "-id"], name="leads_lead_tenant__ddb2e6_idx"
                    ),
                    models.Index(fields=["tenant", "contact"], name="leads_lead_tenant__eaec29_idx"),
                    models.Index(fields=["tenant", "conversation"], name="leads_lead_tenant__e4ead1_idx"),
                    models.Index(fields=["tenant", "connection"], name="leads_lead_tenant__d2f783_idx"),
                    models.Index(fields=["tenant", "event"], name="leads_lead_tenant__f2d24a_idx"),
                    models.Index(fields=["tenant", "duplicate_of"], name="leads_lead_tenant__b9c341_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="leads_lead_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="leads_lead_wall"),
                    tenants.constraints.SameTenant(field="contact", name="leads_lead_contact_same_tenant"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="leads_lead_conversation_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="connection", name="leads_lead_connection_same_tenant"
                    ),
                    tenants.constraints.SameTenant(field="event", name="leads_lead_event_same_tenant"),
                    tenants.constraints.SameTenant(
                        field="duplicate_of", name="leads_lead_duplicate_of_same_tenant"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="leads_lead_external",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("event__isnull", False)),
                        fields=("tenant", "event"),
                        name="leads_lead_event",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("external_id", ""), ("status__in", ["new", "contacted", "qualified"])
                        ),
                        fields=("tenant", "contact"),
                        name="leads_lead_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=500)),
                ("due_at", models.DateTimeField()),
                ("reason", models.CharField(default="by_hand", max_length=30)),
                ("key", models.CharField(blank=True, default="", max_length=100)),
                ("booking_id", models.BigIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "contact",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="conversations.contact",
                    ),
                ),
                (
                    "conversation",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="conversations.conversation",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lead",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="leads.lead",
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
                    models.Index(
                        condition=models.Q(("done_at__isnull", True)),
                        fields=["tenant", "due_at"],
                        name="leads_task_open",
                    ),
                    models.Index(fields=["tenant", "lead"], name="leads_task_tenant__bf8c74_idx"),
                    models.Index(fields=["tenant", "contact"], name="leads_task_tenant__e6abf7_idx"),
                    models.Index(fields=["tenant", "conversation"], name="leads_task_tenant__e2a7dc_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="leads_task_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="leads_task_wall"),
                    tenants.constraints.SameTenant(field="lead", name="leads_task_lead_same_tenant"),
                    tenants.constraints.SameTenant(field="contact", name="leads_task_contact_same_tenant"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="leads_task_conversation_same_tenant"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("done_at__isnull", True), models.Q(("key", ""), _negated=True)),
                        fields=("tenant", "key"),
                        name="leads_task_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Touch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("source", models.CharField(blank=True, default="", max_length=100)),
                ("medium", models.CharField(blank=True, default="", max_length=100)),
                ("campaign", models.CharField(blank=True, default="", max_length=200)),
                ("content", models.CharField(blank=True, default="", max_length=255)),
                ("term", models.CharField(blank=True, default="", max_length=255)),
                ("code", models.CharField(blank=True, default="", max_length=64)),
                ("click_ids", models.JSONField(blank=True, default=dict)),
                ("referrer", models.CharField(blank=True, default="", max_length=500)),
                ("page_url", models.CharField(blank=True, default="", max_length=500)),
                (
                    "lead",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="touches",
                        to="leads.lead",
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
                "indexes": [models.Index(fields=["tenant", "lead"], name="leads_touch_tenant__c16fe7_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="leads_touch_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="leads_touch_wall"),
                    tenants.constraints.SameTenant(field="lead", name="leads_touch_lead_same_tenant"),
                ],
            },
        ),
    ]
