from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0023_product_flags'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('is_test', False), ('profile__isnull', True), models.Q(('email', ''), _negated=True)), fields=['tenant', 'id'], name='order_stray_idx'),
        ),
    ]
