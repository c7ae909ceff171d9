from django.db import migrations

SETTINGS = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000"
NAMES = "autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold"


def forwards(apps, schema_editor) -> None:
    """Have runs vacuumed early, however many wait.

    Whoever claims reads the index of what is due from its head on, where every run that moved on
    has left a dead entry. By the usual share a million of them would be passed over each time.
    """
    schema_editor.execute(f'ALTER TABLE "flows_flowrun" SET ({SETTINGS})')


def backwards(apps, schema_editor) -> None:
    schema_editor.execute(f'ALTER TABLE "flows_flowrun" RESET ({NAMES})')


class Migration(migrations.Migration):
    dependencies = [("flows", "0013_tell_of_what_is_wanted")]

    operations = [migrations.RunPython(forwards, backwards)]
