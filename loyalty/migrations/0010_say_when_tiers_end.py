from django.db import migrations

ANEW = """
UPDATE loyalty_program SET tier_cursor = 0
WHERE tenant_id IN (SELECT t.tenant_id FROM loyalty_tier AS t)
"""


class Migration(migrations.Migration):
    """Look at everybody once more where there are tiers: the facts say when they end."""

    dependencies = [("loyalty", "0009_place_everybody_anew"), ("crm", "0042_tier_ends")]

    operations = [migrations.RunSQL(ANEW, migrations.RunSQL.noop)]
