from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('imports', '0003_move_from_klaviyo'),
    ]

    operations = [
        migrations.AlterField(
            model_name='import',
            name='kind',
            field=models.TextField(choices=[('customers', 'Customers'), ('orders', 'Orders'), ('consent', 'Consent'), ('events', 'Events'), ('products', 'Products and variants'), ('stock', 'Stock'), ('points', 'Balances of points')]),
        ),
    ]
