import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segments', '0006_count_buyers_by_last_day'),
        ('tenants', '0005_confirm_known_addresses'),
    ]

    operations = [
        migrations.CreateModel(
            name='GoodsChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product_id', models.BigIntegerField()),
                ('before_order_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AlterField(
            model_name='membershipchange',
            name='cause',
            field=models.TextField(choices=[('event', 'Event'), ('time', 'Time'), ('definition', 'Definition'), ('import', 'Import'), ('reference', 'Reference'), ('merge', 'Merge'), ('catalog', 'Catalog')]),
        ),
        migrations.AlterField(
            model_name='upkeep',
            name='cause',
            field=models.TextField(choices=[('event', 'Event'), ('time', 'Time'), ('definition', 'Definition'), ('import', 'Import'), ('reference', 'Reference'), ('merge', 'Merge'), ('catalog', 'Catalog')], default='reference'),
        ),
    ]
