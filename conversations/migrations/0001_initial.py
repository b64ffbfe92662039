import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import tenants.constraints
import tenants.wall
import work.queue


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("connections", "0001_initial"),
        ("tenants", "0001_initial"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                ("phone", models.CharField(blank=True, default="", max_length=16)),
                ("phone_verified", models.BooleanField(default=False)),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("language", models.CharField(blank=True, default="", max_length=5)),
                ("tags", models.JSONField(blank=True, default=list)),
                ("note", models.TextField(blank=True, default="")),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("client_since", models.DateField(blank=True, null=True)),
                ("is_test", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "merged_into",
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
                        condition=models.Q(("phone", ""), _negated=True),
                        fields=["tenant", "phone"],
                        name="conversations_contact_phone",
                    ),
                    models.Index(fields=["tenant", "-created_at"], name="conversatio_tenant__7faf3f_idx"),
                    models.Index(fields=["tenant", "merged_into"], name="conversatio_tenant__6e6864_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="conversations_contact_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="conversations_contact_wall"),
                    tenants.constraints.SameTenant(
                        field="merged_into", name="conversations_contact_merged_into_same_tenant"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="conversations_contact_external",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("chat", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("snoozed", "Snoozed"), ("closed", "Closed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("snoozed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "holder",
                    models.CharField(
                        choices=[("assistant", "Assistant"), ("person", "Colleague"), ("none", "Nobody")],
                        default="assistant",
                        max_length=10,
                    ),
                ),
                ("generation", models.PositiveIntegerField(default=0)),
                ("waiting_since", models.DateTimeField(blank=True, null=True)),
                ("last_message_at", models.DateTimeField(blank=True, null=True)),
                ("last_text", models.CharField(blank=True, default="", max_length=200)),
                ("unread", models.PositiveIntegerField(default=0)),
                ("draft", models.TextField(blank=True, default="")),
                ("blocked_at", models.DateTimeField(blank=True, null=True)),
                ("not_a_client", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "contact",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="conversations.contact",
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
                        fields=["tenant", "-last_message_at"], name="conversatio_tenant__4e7e36_idx"
                    ),
                    models.Index(
                        condition=models.Q(("waiting_since__isnull", False)),
                        fields=["tenant", "waiting_since"],
                        name="conversations_waiting",
                    ),
                    models.Index(fields=["tenant", "contact"], name="conversatio_tenant__e88414_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="conversations_conversation_tenant_id"
                    ),
                    tenants.constraints.RowLevelSecurity(name="conversations_conversation_wall"),
                    tenants.constraints.SameTenant(
                        field="contact", name="conversations_conversation_contact_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="connection", name="conversations_conversation_connection_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "connection", "chat"), name="conversations_conversation_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChatSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.BinaryField(max_length=32)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_seen_at", models.DateTimeField(blank=True, null=True)),
                ("landing", models.JSONField(blank=True, default=dict)),
                (
                    "connection",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
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
                    models.Index(fields=["tenant", "connection"], name="conversatio_tenant__818662_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="conversations_chatsession_tenant_id"
                    ),
                    tenants.constraints.RowLevelSecurity(name="conversations_chatsession_wall"),
                    tenants.constraints.SameTenant(
                        field="connection", name="conversations_chatsession_connection_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "token_hash"), name="conversations_chatsession_token"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ButtonAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token", models.CharField(max_length=24)),
                ("owner", models.CharField(max_length=20)),
                ("action", models.CharField(max_length=30)),
                ("payload", models.JSONField(default=dict)),
                ("label", models.CharField(blank=True, default="", max_length=100)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
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
                (
                    "conversation",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="conversations.conversation",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "conversation"], name="conversatio_tenant__ef14e5_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="conversations_buttonaction_tenant_id"
                    ),
                    tenants.constraints.RowLevelSecurity(name="conversations_buttonaction_wall"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="conversations_buttonaction_conversation_same_tenant"
                    ),
                    models.UniqueConstraint(fields=("tenant", "token"), name="conversations_button_token"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("channel_kind", models.CharField(max_length=20)),
                ("external_id", models.CharField(max_length=200)),
                ("username", models.CharField(blank=True, default="", max_length=100)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "contact",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="conversations.contact",
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
                    models.Index(fields=["tenant", "contact"], name="conversatio_tenant__c860f8_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="conversations_identity_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="conversations_identity_wall"),
                    tenants.constraints.SameTenant(
                        field="contact", name="conversations_identity_contact_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "channel_kind", "external_id"), name="conversations_identity_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "direction",
                    models.CharField(choices=[("in", "Incoming"), ("out", "Outgoing")], max_length=3),
                ),
                (
                    "author",
                    models.CharField(
                        choices=[
                            ("client", "Client"),
                            ("assistant", "Assistant"),
                            ("manager", "Manager"),
                            ("system", "Notice"),
                        ],
                        max_length=10,
                    ),
                ),
                ("kind", models.CharField(default="text", max_length=15)),
                ("text", models.TextField(blank=True, default="")),
                ("buttons", models.JSONField(blank=True, default=list)),
                ("media", models.JSONField(blank=True, default=list)),
                ("external_id", models.CharField(blank=True, default="", max_length=200)),
                ("key", models.CharField(blank=True, default="", max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("pending", "Being sent"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("read", "Read"),
                            ("failed", "Not sent"),
                            ("in_doubt", "Uncertain"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=10,
                    ),
                ),
                ("error", models.TextField(blank=True, default="")),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "contact",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="conversations.contact",
                    ),
                ),
                (
                    "conversation",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="conversations.conversation",
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
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        fields=["tenant", "conversation", "created_at", "id"],
                        name="conversatio_tenant__302bfc_idx",
                    ),
                    models.Index(
                        fields=["tenant", "contact", "created_at", "id"],
                        name="conversatio_tenant__5ac0d8_idx",
                    ),
                    models.Index(
                        fields=["tenant", "-created_at", "-id"], name="conversatio_tenant__b94a37_idx"
                    ),
                    models.Index(fields=["tenant", "event"], name="conversatio_tenant__abe33e_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="conversations_message_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="conversations_message_wall"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="conversations_message_conversation_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="contact", name="conversations_message_contact_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="event", name="conversations_message_event_same_tenant"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "conversation", "direction", "external_id"),
                        name="conversations_message_external",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("tenant", "key"),
                        name="conversations_message_key",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
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
                ("thread", models.CharField(max_length=20)),
                ("dedup_key", models.CharField(max_length=200)),
                ("generation", models.PositiveIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("called_at", models.DateTimeField(blank=True, null=True)),
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
                (
                    "message",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="conversations.message",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "message"], name="conversatio_tenant__bd7818_idx"),
                    models.Index(fields=["tenant", "connection"], name="conversatio_tenant__555a95_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="conversations_delivery_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="conversations_delivery_wall"),
                    tenants.constraints.SameTenant(
                        field="message", name="conversations_delivery_message_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="connection", name="conversations_delivery_connection_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "dedup_key"), name="conversations_delivery_once"
                    ),
                    work.queue.DurableQueue(
                        name="conversations_delivery_queue", ordered_by="thread", strict=True
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "conversation",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="conversations.conversation",
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
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "conversation"], name="conversatio_tenant__471b2f_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="conversations_note_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="conversations_note_wall"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="conversations_note_conversation_same_tenant"
                    ),
                ],
            },
        ),
    ]
