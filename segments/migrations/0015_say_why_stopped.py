from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("segments", "0014_keep_ids_uncompressed"),
    ]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="stopped_reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
    ]
