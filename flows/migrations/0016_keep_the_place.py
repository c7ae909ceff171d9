from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0015_early_access"),
    ]

    operations = [
        migrations.AddField(
            model_name="wantedchange",
            name="after",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="wantedchange",
            name="tries",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="accesslist",
            name="reason",
            field=models.TextField(db_default=""),
        ),
    ]
