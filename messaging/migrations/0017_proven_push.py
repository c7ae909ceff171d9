from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0016_delivery'),
    ]

    operations = [
        migrations.AddField(
            model_name='pushtoken',
            name='is_proven',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
