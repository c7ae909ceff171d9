from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0009_start_and_hold_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='datescan',
            name='until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='datescan',
            name='after',
            field=models.BigIntegerField(db_default=0),
        ),
    ]
