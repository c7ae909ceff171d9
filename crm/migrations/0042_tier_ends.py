from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep when somebody's loyalty tier ends beside it, with what is left then."""

    dependencies = [("crm", "0041_review_consent")]

    operations = [
        migrations.AddField(
            model_name="profilefacts",
            name="tier_ends_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="profilefacts",
            name="tier_after",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="profilefacts",
            name="rank_after",
            field=models.SmallIntegerField(db_default=0),
        ),
    ]
