from django.db import migrations

LOOKUP_TABLES = ("crm_identity", "crm_eventkey", "crm_orderline")
GROWING_TABLES = ("crm_profile", "crm_identity", "crm_order", "crm_orderline", "crm_profilefacts")


def _tune(schema_editor, lookup: str, growing: str) -> None:
    for table in LOOKUP_TABLES:
        schema_editor.execute(f'ALTER TABLE "{table}" ALTER COLUMN tenant_id {lookup}')
    for table in GROWING_TABLES:
        schema_editor.execute(f'ALTER TABLE "{table}" {growing}')


def forwards(apps, schema_editor) -> None:
    """Keep the planner from taking a tenant that has just begun to grow for an empty one.

    By stale statistics a new tenant has one row. Any index that starts with the tenant then looks
    as good as the key, and each look-up reads the whole tenant. Without statistics of this column
    the planner assumes a fixed share instead; where whole tenants are scanned the statistics stay
    and are renewed early.
    """
    _tune(
        schema_editor,
        "SET STATISTICS 0",
        "SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 1000)",
    )


def backwards(apps, schema_editor) -> None:
    _tune(
        schema_editor,
        "SET STATISTICS -1",
        "RESET (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)",
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_postpone_failed_reactions")]

    operations = [migrations.RunPython(forwards, backwards)]
