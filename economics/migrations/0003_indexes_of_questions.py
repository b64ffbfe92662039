"""Two indexes that only this room's questions need, on tables of the rooms below."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("economics", "0002_money_events"),
        ("bookings", "0001_initial"),
        ("conversations", "0001_initial"),
    ]

    operations = [
        # Few contacts are merged, tests or clients of old; every report looks for them.
        migrations.RunSQL(
            "CREATE INDEX economics_odd_contacts ON conversations_contact (tenant_id)"
            " WHERE is_test OR merged_into_id IS NOT NULL OR client_since IS NOT NULL",
            "DROP INDEX economics_odd_contacts",
        ),
        # A tenth of a visit's steps says when it was cancelled or moved.
        migrations.RunSQL(
            "CREATE INDEX economics_cancels_and_moves ON bookings_bookingchange (tenant_id, booking_id, at)"
            " WHERE kind IN ('cancelled', 'moved')",
            "DROP INDEX economics_cancels_and_moves",
        ),
    ]
