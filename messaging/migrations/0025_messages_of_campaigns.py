from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0024_choose_a_typeface'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='campaign_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(
                condition=models.Q(('campaign_id__isnull', False)),
                fields=['tenant', 'campaign_id', 'profile'],
                name='message_campaign_idx',
            ),
        ),
        migrations.AlterField(
            model_name='sendingstop',
            name='scope',
            field=models.TextField(choices=[('everything', 'Everything, also about orders'), ('marketing', 'All marketing, reminders included'), ('promotions', 'All promotions'), ('flow', 'One flow'), ('template', 'One template'), ('campaign', 'One campaign'), ('channel', 'One channel')]),
        ),
    ]
