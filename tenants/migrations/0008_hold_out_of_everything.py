from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='holdout',
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
    ]
