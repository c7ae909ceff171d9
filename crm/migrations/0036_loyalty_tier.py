from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep somebody's loyalty tier beside their other facts."""

    dependencies = [("crm", "0035_questions")]

    operations = [
        migrations.AddField(
            model_name="profilefacts",
            name="loyalty_tier",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="profilefacts",
            name="loyalty_rank",
            field=models.SmallIntegerField(db_default=0),
        ),
    ]
