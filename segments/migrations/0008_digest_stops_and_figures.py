from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segments", "0007_goods_change")]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="digest",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="segment",
            name="stopped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="segmentreference",
            name="value",
            field=models.DecimalField(decimal_places=6, max_digits=30, null=True),
        ),
    ]
