from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0021_keep_prices_and_stock'),
    ]

    operations = [
        migrations.AddField(
            model_name='variant',
            name='compare_at_minor',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='variant',
            name='back_on',
            field=models.DateField(null=True),
        ),
        migrations.AlterField(
            model_name='variantchange',
            name='what',
            field=models.TextField(choices=[('price', 'Price'), ('compare_at', 'Compare-at price'), ('stock', 'Stock')]),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('handle', ''), _negated=True), fields=['tenant', 'store', 'handle'], name='product_handle_idx'),
        ),
    ]
