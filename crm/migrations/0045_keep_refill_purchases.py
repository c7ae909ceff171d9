from django.db import migrations

FORWARDS = 'UPDATE "crm_catalogcount" SET refills_at = NULL WHERE refills_at IS NOT NULL'


def forwards(apps, schema_editor) -> None:
    """Have the next count, within a day, keep what was bought before; a scan looks back as far."""
    schema_editor.execute(FORWARDS)


class Migration(migrations.Migration):
    dependencies = [("crm", "0044_refill_purchases")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
