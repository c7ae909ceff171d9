from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0027_find_what_waits_for_somebody'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='is_erased',
            field=models.BooleanField(db_default=False),
        ),
    ]
