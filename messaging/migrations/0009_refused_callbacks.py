from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0008_channels'),
    ]

    operations = [
        migrations.AlterField(
            model_name='providercallback',
            name='kind',
            field=models.TextField(choices=[('sent', 'Sent'), ('delivered', 'Delivered'), ('read', 'Read'), ('deferred', 'Put off'), ('bounced_hard', 'Bounced for good'), ('bounced_soft', 'Bounced for now'), ('blocked', 'Blocked for its content or reputation'), ('complained', 'Marked as spam'), ('failed', 'Failed'), ('opened', 'Opened'), ('clicked', 'Clicked'), ('unsubscribed', 'Unsubscribed'), ('inbound', 'Came in'), ('refused', 'Refused')]),
        ),
    ]
