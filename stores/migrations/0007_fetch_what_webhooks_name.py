from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stores", "0006_pull_stores")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="fetch_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="fetch_tries",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="connection",
            name="fetch_detail",
            field=models.TextField(db_default=""),
        ),
    ]
