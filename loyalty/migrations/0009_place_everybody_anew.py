from django.db import migrations

ANEW = """
UPDATE loyalty_program SET tier_cursor = 0
WHERE tenant_id IN (SELECT t.tenant_id FROM loyalty_tier AS t)
"""


class Migration(migrations.Migration):
    """Look at everybody once more where there are tiers: when they fall is told otherwise now."""

    dependencies = [("loyalty", "0008_tiers")]

    operations = [migrations.RunSQL(ANEW, migrations.RunSQL.noop)]
