from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stores', '0010_compare_orders_by_day'),
    ]

    operations = [
        migrations.AddField(
            model_name='storeday',
            name='progress',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
