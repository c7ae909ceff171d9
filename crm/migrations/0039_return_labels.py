from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep where the label of a return is printed."""

    dependencies = [("crm", "0038_refills")]

    operations = [
        migrations.AddField(
            model_name="return",
            name="label_url",
            field=models.TextField(db_default=""),
        ),
    ]
