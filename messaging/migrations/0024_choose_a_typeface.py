from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0023_keep_a_good_name")]

    operations = [
        migrations.AddField(
            model_name="brand",
            name="font",
            field=models.TextField(default="plain"),
        ),
        migrations.RunSQL(
            """
            UPDATE messaging_template
            SET html = replace(html, f.stack, '{{ brand.font }}'),
                mjml = replace(mjml, f.stack, '{{ brand.font }}')
            FROM (
                SELECT '-apple-system, ''Segoe UI'', Roboto, Helvetica, Arial, sans-serif' AS stack
            ) AS f
            WHERE channel = 'email'
            """,
            migrations.RunSQL.noop,
        ),
    ]
