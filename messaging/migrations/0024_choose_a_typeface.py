from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0023_keep_a_good_name")]

    operations = [
        migrations.AddField(
            model_name="brand",
            name="font",
            field=models.TextField(default="plain"),
        ),
    ]
