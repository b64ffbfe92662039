"""A visitor of the site chat is proved by a signed token (integrations/webchat/session.py): no table is needed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial")]

    operations = [migrations.DeleteModel(name="ChatSession")]
