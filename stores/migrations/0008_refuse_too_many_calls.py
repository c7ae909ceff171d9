from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stores', '0007_fetch_what_webhooks_name'),
    ]

    operations = [
        migrations.AlterField(
            model_name='refuseddeliveries',
            name='reason',
            field=models.TextField(choices=[('signature', 'the signature is wrong'), ('too_large', 'the body is over 5 MB'), ('tracking_size', 'a tracking call is over 500 KB, or one event over 32 KB'), ('tracking_rate', 'a key sends too many tracking calls in one second'), ('tracking_format', 'a tracking call does not say what it must')]),
        ),
    ]
