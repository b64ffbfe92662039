"""Accounts that stand already are looked after from now on; later ones get their rows when they are made."""

from django.db import migrations

# The owner of the tables is bound by the wall too, and no tenant is entered here: lifted for this statement alone.
PLAN = """
ALTER TABLE connections_connection NO FORCE ROW LEVEL SECURITY;
ALTER TABLE connections_upkeep NO FORCE ROW LEVEL SECURITY;
INSERT INTO connections_upkeep (tenant_id, connection_id, job, state, due_at, attempts, last_error, failures)
SELECT c.tenant_id, c.id, j.job, 'waiting', now() + random() * interval '1 hour', 0, '', 0
FROM connections_connection c CROSS JOIN (VALUES ('health'), ('silence')) AS j(job)
WHERE c.state <> 'off' AND (c.kind = 'telegram' OR (j.job = 'silence' AND c.kind IN ('webchat', 'form')))
ON CONFLICT DO NOTHING;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE connections_upkeep FORCE ROW LEVEL SECURITY;
ALTER TABLE connections_connection FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("connections", "0002_upkeep_and_errands")]

    operations = [migrations.RunSQL(PLAN, reverse_sql=migrations.RunSQL.noop)]
