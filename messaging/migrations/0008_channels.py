import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import kernel.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0027_find_what_waits_for_somebody'),
        ('messaging', '0007_topics_and_preferences'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProviderCallback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dedupe_key', models.TextField()),
                ('kind', models.TextField(choices=[('sent', 'Sent'), ('delivered', 'Delivered'), ('read', 'Read'), ('deferred', 'Put off'), ('bounced_hard', 'Bounced for good'), ('bounced_soft', 'Bounced for now'), ('blocked', 'Blocked for its content or reputation'), ('complained', 'Marked as spam'), ('failed', 'Failed'), ('opened', 'Opened'), ('clicked', 'Clicked'), ('unsubscribed', 'Unsubscribed'), ('inbound', 'Came in')])),
                ('body', models.JSONField(default=dict)),
                ('status', models.TextField(choices=[('pending', 'Waiting'), ('applied', 'Applied'), ('ignored', 'Ignored'), ('failed', 'Failed')], db_default='pending')),
                ('detail', models.TextField(db_default='')),
                ('tries', models.SmallIntegerField(db_default=0)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('account', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='messaging.channelaccount')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='channelaccount',
            name='channelaccount_channel_uniq',
        ),
        migrations.RemoveIndex(
            model_name='message',
            name='message_due_idx',
        ),
        # No page, command or address of the API made accounts before: there are no rows to turn
        # from an address into JSON.
        migrations.RenameField('channelaccount', 'url_encrypted', 'credentials_encrypted'),
        migrations.AlterField(
            model_name='channelaccount',
            name='credentials_encrypted',
            field=models.TextField(),
        ),
        migrations.AddField(
            model_name='channelaccount',
            name='is_default',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='channelaccount',
            name='options',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='channelaccount',
            name='paused_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='channelaccount',
            name='provider',
            field=models.TextField(default='smtp'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='channelaccount',
            name='removed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='account',
            field=kernel.tenancy.TenantForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='messaging.channelaccount'),
        ),
        migrations.AddField(
            model_name='message',
            name='bounced_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='complained_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='delivered_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='message',
            name='parts',
            field=models.SmallIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name='message',
            name='provider_id',
            field=models.TextField(db_default=''),
        ),
        migrations.AddField(
            model_name='template',
            name='content',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='template',
            name='is_archived',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='template',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=models.Value([], django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)), size=None),
        ),
        # The expression of a generated column cannot be changed in place.
        migrations.RemoveIndex(model_name='message', name='message_outcome_idx'),
        migrations.RemoveField(model_name='message', name='outcome'),
        migrations.AddField(
            model_name='message',
            name='outcome',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(complained_at__isnull=False, status='sent', then=models.Value('complained')), models.When(bounced_at__isnull=False, status='sent', then=models.Value('bounced')), models.When(clicked_at__isnull=False, status='sent', then=models.Value('clicked')), models.When(opened_at__isnull=False, status='sent', then=models.Value('opened')), models.When(delivered_at__isnull=False, status='sent', then=models.Value('delivered')), default=models.F('status'), output_field=models.TextField()), output_field=models.TextField(choices=[('pending', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('delivered', 'Delivered'), ('opened', 'Opened'), ('clicked', 'Clicked'), ('bounced', 'Bounced'), ('complained', 'Marked as spam'), ('skipped', 'Skipped'), ('failed', 'Failed'), ('unknown', 'Outcome unknown')])),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['tenant', 'outcome', '-created_at', '-id'], name='message_outcome_idx'),
        ),
        migrations.AddIndex(
            model_name='channelaccount',
            index=models.Index(fields=['tenant', 'channel'], name='channelaccount_channel_idx'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('status__in', ['pending', 'sending'])), fields=['tenant', 'channel', 'due_at'], name='message_due_idx'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('provider_id', ''), _negated=True), fields=['tenant', 'account', 'provider_id'], name='message_provider_idx'),
        ),
        migrations.AddConstraint(
            model_name='channelaccount',
            constraint=models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('tenant', 'channel'), name='channelaccount_default_uniq'),
        ),
        migrations.AddIndex(
            model_name='providercallback',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['tenant', 'due_at'], name='providercallback_due_idx'),
        ),
        migrations.AddIndex(
            model_name='providercallback',
            index=models.Index(fields=['tenant', 'status', '-received_at'], name='providercallback_status_idx'),
        ),
        migrations.AddConstraint(
            model_name='providercallback',
            constraint=models.UniqueConstraint(fields=('tenant', 'account', 'dedupe_key'), name='providercallback_dedupe_uniq'),
        ),
    ]
