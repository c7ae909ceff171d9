from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep what time will change of somebody's points beside their balance."""

    dependencies = [("crm", "0032_mails_in_conversations")]

    operations = [
        migrations.AddField(
            model_name="profilefacts",
            name="points_pending",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="profilefacts",
            name="points_expiring",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="profilefacts",
            name="points_expire_at",
            field=models.DateTimeField(null=True),
        ),
    ]
