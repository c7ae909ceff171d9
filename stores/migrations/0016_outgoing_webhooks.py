import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import kernel.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stores', '0015_count_redemptions'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.TextField()),
                ('description', models.TextField(blank=True, default='')),
                ('types', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('secret_encrypted', models.TextField()),
                ('previous_secret_encrypted', models.TextField(blank=True, default='')),
                ('rotated_at', models.DateTimeField(null=True)),
                ('is_enabled', models.BooleanField(default=True)),
                ('disabled_reason', models.TextField(blank=True, default='')),
                ('held_until', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.BigIntegerField()),
                ('profile_id', models.BigIntegerField(null=True)),
                ('type', models.TextField()),
                ('message_id', models.TextField()),
                ('body', models.TextField()),
                ('status', models.TextField(choices=[('pending', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Given up')], db_default='pending')),
                ('tries', models.SmallIntegerField(db_default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('claim_id', models.UUIDField(null=True)),
                ('last_status', models.IntegerField(null=True)),
                ('log', models.JSONField(default=list)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
                ('endpoint', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='stores.webhookendpoint')),
            ],
        ),
        migrations.AddIndex(
            model_name='webhookendpoint',
            index=models.Index(fields=['tenant', '-created_at'], name='endpoint_created_idx'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['tenant', 'endpoint', 'due_at'], name='outgoing_due_idx'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['tenant', 'endpoint', '-id'], name='outgoing_endpoint_idx'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['tenant', 'endpoint', 'status', '-id'], name='outgoing_status_idx'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('profile_id__isnull', False)), fields=['tenant', 'profile_id'], name='outgoing_profile_idx'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['tenant', 'created_at'], name='outgoing_age_idx'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(condition=models.Q(('event_id__gt', 0)), fields=('tenant', 'endpoint', 'event_id'), name='outgoing_event_uniq'),
        ),
    ]
