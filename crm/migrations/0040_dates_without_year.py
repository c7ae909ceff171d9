import django.contrib.postgres.indexes
from django.db import migrations, models

NAMES_OF_DATES = (
    "$.keyvalue() ? (@.value like_regex "
    '"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^-?-?[0-9]{2}-[0-9]{2}$").key'
)


class Migration(migrations.Migration):
    """Find also who told a date without its year; the expression of a column cannot be changed."""

    dependencies = [("crm", "0039_return_labels")]

    operations = [
        migrations.RemoveIndex(model_name="profile", name="profile_dated_idx"),
        migrations.RemoveField(model_name="profile", name="dated"),
        migrations.AddField(
            model_name="profile",
            name="dated",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("properties"),
                    models.Value(NAMES_OF_DATES),
                    function="jsonb_path_query_array",
                    template="%(function)s(%(expressions)s::jsonpath)",
                ),
                output_field=models.JSONField(),
            ),
        ),
        migrations.AddIndex(
            model_name="profile",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("dated", []), _negated=True),
                fields=["tenant", "dated"],
                name="profile_dated_idx",
                opclasses=["int8_ops", "jsonb_path_ops"],
            ),
        ),
    ]
