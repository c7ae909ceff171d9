from django.db import migrations, models

NAMES_OF_DATES = (
    "$.keyvalue() ? (@.value like_regex "
    '"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^-?-?[0-9]{2}-[0-9]{2}$").key'
)


class Migration(migrations.Migration):
    """Find who told a date, also one without its year."""

    dependencies = [("crm", "0036_loyalty_tier")]

    operations = [
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
    ]
