from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0024_link_strays'),
    ]

    operations = [
        migrations.AddField(
            model_name='duplicatesearch',
            name='full_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='duplicatesearch',
            name='since',
            field=models.DateTimeField(null=True),
        ),
    ]
