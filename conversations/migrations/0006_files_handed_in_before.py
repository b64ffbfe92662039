import django.db.models.deletion
from django.db import migrations

import tenants.wall


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_known_people_and_lookups")]

    operations = [
        migrations.AlterField(
            model_name="mediafile",
            name="message",
            field=tenants.wall.TenantKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="files",
                to="conversations.message",
            ),
        ),
    ]
