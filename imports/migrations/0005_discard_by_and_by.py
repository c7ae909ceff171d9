from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('imports', '0004_products_and_stock'),
    ]

    operations = [
        migrations.AlterField(
            model_name='import',
            name='stage',
            field=models.TextField(choices=[('uploaded', 'Uploaded'), ('checking', 'Checking'), ('checked', 'Checked'), ('running', 'Running'), ('done', 'Done'), ('undoing', 'Undoing'), ('undone', 'Undone'), ('discarding', 'Discarding')], default='uploaded'),
        ),
    ]
