from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("stores", "0013_write_to_stores"),
    ]

    operations = [
        migrations.AlterField(
            model_name="writelane",
            name="kind",
            field=models.TextField(
                choices=[
                    ("consent", "Consent"),
                    ("codes", "Discount codes"),
                    ("tags", "Tags"),
                    ("segments", "Segments"),
                    ("fields", "Figures"),
                ]
            ),
        ),
    ]
