from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0020_reply_mailboxes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(
                condition=models.Q(
                    ('message_class__in', ['transactional', 'safety', 'service']),
                    ('status', 'pending'),
                ),
                fields=['tenant', 'channel', 'due_at'],
                name='message_urgent_idx',
            ),
        ),
    ]
