from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_find_what_somebody_changed'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='idempotencykey',
            index=models.Index(fields=['tenant', 'created_at'], name='idempotencykey_at_idx'),
        ),
    ]
