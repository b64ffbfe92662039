from django.db import migrations, models

from inbox.functions import MORE_INDEXES


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0005_known_people_and_lookups"),
        ("inbox", "0002_threads"),
    ]

    operations = [
        migrations.AlterField(
            model_name="step",
            name="kind",
            field=models.CharField(
                choices=[
                    ("taken", "took the conversation"),
                    ("assigned", "gave the conversation to"),
                    ("released", "gave the conversation back to everybody"),
                    ("handed_over", "The assistant asks for a person"),
                    ("handed_back", "gave the conversation back to the assistant"),
                    ("closed", "closed the conversation"),
                    ("reopened", "opened the conversation again"),
                    ("snoozed", "put the conversation off until"),
                    ("woken", "The conversation is back as planned"),
                    ("not_a_client", "marked: not a client"),
                    ("client_again", "marked: a client after all"),
                    ("lost", "closed the request as lost"),
                    ("no_answer", "Nobody answered in time"),
                    ("merged", "said that they are one person"),
                    ("met", "Two cards of one person became one"),
                    ("parted", "Two people again"),
                    ("private", "marked: private"),
                    ("opened_up", "marked: this is a client"),
                ],
                max_length=15,
            ),
        ),
        *(
            migrations.RunSQL(f"CREATE INDEX {name} {index}", reverse_sql=f"DROP INDEX {name}")
            for name, index in MORE_INDEXES.items()
        ),
    ]
