from django.db import migrations, models

LIVE = models.Q(('erased_at__isnull', True), ('merged_into__isnull', True))


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0017_carts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=LIVE & models.Q(('properties__has_key', 'unusable_email')), fields=['tenant', '-id'], name='profile_bad_email_idx'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=LIVE & models.Q(('properties__has_key', 'unusable_phone')), fields=['tenant', '-id'], name='profile_bad_phone_idx'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=LIVE & models.Q(('email_norm', ''), ('is_anonymous', False), ('phone', '')), fields=['tenant', '-id'], name='profile_unreachable_idx'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('category', ''), ('deleted_at__isnull', True)), fields=['tenant', '-id'], name='product_uncategorised_idx'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('has_bought_line', False), ('is_test', False)), fields=['tenant', '-ordered_at', '-id'], name='order_lineless_idx'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('base_gross_minor__isnull', True)), fields=['tenant', '-ordered_at', '-id'], name='order_rateless_idx'),
        ),
    ]
