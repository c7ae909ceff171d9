from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0028_keep_erased_orders_nameless'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='order',
            name='order_stray_idx',
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('is_test', False), ('profile__isnull', True), models.Q(('email', ''), _negated=True)), fields=['tenant', 'store', 'id'], name='order_stray_idx'),
        ),
    ]
