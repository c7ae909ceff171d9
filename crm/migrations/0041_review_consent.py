from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep whether who wrote a review lets others read it, apart from whether it is published."""

    dependencies = [("crm", "0040_index_dates")]

    operations = [
        migrations.AddField(
            model_name="review",
            name="is_consented",
            field=models.BooleanField(null=True),
        ),
    ]
