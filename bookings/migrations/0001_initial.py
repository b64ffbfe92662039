from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.constraints
import tenants.wall


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("conversations", "0001_initial"),
        ("leads", "0001_initial"),
        ("tenants", "0001_initial"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Addon",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("minutes", models.PositiveIntegerField(default=0)),
                ("price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("cost", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=12)),
                ("script", models.TextField(blank=True, default="")),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("active", models.BooleanField(default=True)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_addon_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_addon_wall"),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="bookings_addon_external",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0), ("price__gte", 0)), name="bookings_addon_money"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Service",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("category", models.CharField(blank=True, default="", max_length=100)),
                ("minutes", models.PositiveIntegerField()),
                ("buffer_minutes", models.PositiveIntegerField(default=0)),
                ("price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("cost", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=12)),
                ("synonyms", models.JSONField(blank=True, default=list)),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("position", models.PositiveIntegerField(default=0)),
                ("active", models.BooleanField(default=True)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_service_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_service_wall"),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="bookings_service_external",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__gt", 0)), name="bookings_service_minutes"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0), ("price__gte", 0)), name="bookings_service_money"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Staff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("share_percent", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=5)),
                ("color", models.CharField(blank=True, default="", max_length=20)),
                ("position", models.PositiveIntegerField(default=0)),
                ("active", models.BooleanField(default=True)),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_staff_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_staff_wall"),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="bookings_staff_external",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("awaiting_payment", "Awaiting payment"),
                            ("confirmed", "Booked"),
                            ("arrived", "Arrived"),
                            ("completed", "Completed"),
                            ("no_show", "Did not come"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Hold expired"),
                        ],
                        default="confirmed",
                        max_length=20,
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("local_day", models.DateField()),
                ("origin", models.CharField(default="desk", max_length=10)),
                ("source", models.CharField(blank=True, default="", max_length=100)),
                ("total", models.DecimalField(decimal_places=2, max_digits=12)),
                ("discount", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=12)),
                ("discount_reason", models.CharField(blank=True, default="", max_length=200)),
                ("paid", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=12)),
                ("addons_offered", models.BooleanField(default=False)),
                ("client_confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("hold_until", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True, default="")),
                ("external_id", models.CharField(blank=True, default="", max_length=100)),
                ("is_test", models.BooleanField(default=False)),
                ("public_token", models.CharField(max_length=32)),
                ("created_at", models.DateTimeField()),
                (
                    "attendee",
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
                    "lead",
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
                    "staff",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.staff",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "local_day"], name="bookings_bo_tenant__ca2322_idx"),
                    models.Index(fields=["tenant", "starts_at"], name="bookings_bo_tenant__a684cb_idx"),
                    models.Index(
                        fields=["tenant", "-created_at", "-id"], name="bookings_bo_tenant__deae27_idx"
                    ),
                    models.Index(fields=["tenant", "contact"], name="bookings_bo_tenant__346c3b_idx"),
                    models.Index(fields=["tenant", "attendee"], name="bookings_bo_tenant__91b7e3_idx"),
                    models.Index(fields=["tenant", "lead"], name="bookings_bo_tenant__0dfaea_idx"),
                    models.Index(fields=["tenant", "conversation"], name="bookings_bo_tenant__987788_idx"),
                    models.Index(fields=["tenant", "staff"], name="bookings_bo_tenant__6b0855_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_booking_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_booking_wall"),
                    tenants.constraints.SameTenant(
                        field="contact", name="bookings_booking_contact_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="attendee", name="bookings_booking_attendee_same_tenant"
                    ),
                    tenants.constraints.SameTenant(field="lead", name="bookings_booking_lead_same_tenant"),
                    tenants.constraints.SameTenant(
                        field="conversation", name="bookings_booking_conversation_same_tenant"
                    ),
                    tenants.constraints.SameTenant(field="staff", name="bookings_booking_staff_same_tenant"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ("held", "awaiting_payment", "confirmed", "arrived", "completed", "no_show"),
                            )
                        ),
                        expressions=[("tenant", "="), ("staff", "="), ("during", "&&")],
                        name="bookings_booking_one_slot_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("external_id", ""), _negated=True),
                        fields=("tenant", "external_id"),
                        name="bookings_booking_external",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "public_token"), name="bookings_booking_public_token"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="bookings_booking_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("minutes", models.PositiveIntegerField()),
                ("price", models.DecimalField(decimal_places=2, max_digits=12)),
                ("cost", models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=12)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "addon",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.addon",
                    ),
                ),
                (
                    "booking",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="bookings.booking",
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
                    "service",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.service",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "booking"], name="bookings_bo_tenant__42705b_idx"),
                    models.Index(fields=["tenant", "service"], name="bookings_bo_tenant__788eaa_idx"),
                    models.Index(fields=["tenant", "addon"], name="bookings_bo_tenant__ff2df0_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_bookingitem_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_bookingitem_wall"),
                    tenants.constraints.SameTenant(
                        field="booking", name="bookings_bookingitem_booking_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="service", name="bookings_bookingitem_service_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="addon", name="bookings_bookingitem_addon_same_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("addon__isnull", True), ("service__isnull", False)),
                            models.Q(("addon__isnull", False), ("service__isnull", True)),
                            _connector="OR",
                        ),
                        name="bookings_item_service_or_addon",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceAddon",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "addon",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="service_links",
                        to="bookings.addon",
                    ),
                ),
                (
                    "service",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addon_links",
                        to="bookings.service",
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
                "indexes": [models.Index(fields=["tenant", "addon"], name="bookings_se_tenant__2f9afa_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_serviceaddon_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_serviceaddon_wall"),
                    tenants.constraints.SameTenant(
                        field="service", name="bookings_serviceaddon_service_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="addon", name="bookings_serviceaddon_addon_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "service", "addon"), name="bookings_serviceaddon_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceStaff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "service",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_links",
                        to="bookings.service",
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
                    "staff",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="service_links",
                        to="bookings.staff",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "staff"], name="bookings_se_tenant__2f64c3_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_servicestaff_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_servicestaff_wall"),
                    tenants.constraints.SameTenant(
                        field="service", name="bookings_servicestaff_service_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="staff", name="bookings_servicestaff_staff_same_tenant"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "service", "staff"), name="bookings_servicestaff_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DayOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("note", models.CharField(blank=True, default="", max_length=200)),
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
                    "staff",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days_off",
                        to="bookings.staff",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["tenant", "staff"], name="bookings_da_tenant__a620ca_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_dayoff_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_dayoff_wall"),
                    tenants.constraints.SameTenant(field="staff", name="bookings_dayoff_staff_same_tenant"),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="bookings_dayoff_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Booked"),
                            ("client_confirmed", "Client confirmed"),
                            ("moved", "Moved"),
                            ("cancelled", "Cancelled"),
                            ("arrived", "Arrived"),
                            ("completed", "Completed"),
                            ("no_show", "Did not come"),
                            ("expired", "Hold expired"),
                            ("reopened", "Reopened"),
                        ],
                        max_length=20,
                    ),
                ),
                ("by", models.CharField(default="salon", max_length=10)),
                ("late", models.BooleanField(default=False)),
                ("starts_before", models.DateTimeField(blank=True, null=True)),
                ("starts_after", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "booking",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="bookings.booking",
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
                (
                    "staff_before",
                    tenants.wall.TenantKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="bookings.staff",
                    ),
                ),
            ],
            options={
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["tenant", "booking"], name="bookings_bo_tenant__2b2adf_idx"),
                    models.Index(fields=["tenant", "staff_before"], name="bookings_bo_tenant__3f269f_idx"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_bookingchange_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_bookingchange_wall"),
                    tenants.constraints.SameTenant(
                        field="booking", name="bookings_bookingchange_booking_same_tenant"
                    ),
                    tenants.constraints.SameTenant(
                        field="staff_before", name="bookings_bookingchange_staff_before_same_tenant"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkingHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("weekday", models.PositiveSmallIntegerField()),
                ("starts", models.TimeField()),
                ("ends", models.TimeField()),
                (
                    "staff",
                    tenants.wall.TenantKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hours",
                        to="bookings.staff",
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
                "indexes": [models.Index(fields=["tenant", "staff"], name="bookings_wo_tenant__a3f252_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="bookings_workinghours_tenant_id"),
                    tenants.constraints.RowLevelSecurity(name="bookings_workinghours_wall"),
                    tenants.constraints.SameTenant(
                        field="staff", name="bookings_workinghours_staff_same_tenant"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekday__range", (1, 7))), name="bookings_hours_weekday"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends__gt", models.F("starts"))), name="bookings_hours_order"
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            # A to-do lies on a lower floor and so has no key field to a visit; the database keeps them together.
            "ALTER TABLE leads_task ADD CONSTRAINT leads_task_booking_same_tenant FOREIGN KEY (tenant_id, booking_id)"
            " REFERENCES bookings_booking (tenant_id, id) DEFERRABLE INITIALLY DEFERRED",
            reverse_sql="ALTER TABLE leads_task DROP CONSTRAINT leads_task_booking_same_tenant",
        ),
    ]
