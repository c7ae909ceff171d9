import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0018_find_flaws'),
        ('stores', '0009_register_webhooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='audit_due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='inboxdelivery',
            index=models.Index(condition=models.Q(('source', 'tracking'), ('status', 'applied')), fields=['tenant', 'received_at'], name='inboxdelivery_tracked_idx'),
        ),
        migrations.CreateModel(
            name='StoreDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('status', models.TextField(choices=[('due', 'Waits to be compared'), ('equal', 'Equal'), ('mended', 'Mended'), ('different', 'Different'), ('failed', 'Not compared')], db_default='due')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('tries', models.SmallIntegerField(db_default=0)),
                ('lease', models.TextField(db_default='')),
                ('lease_until', models.DateTimeField(null=True)),
                ('our_count', models.IntegerField(null=True)),
                ('our_minor', models.BigIntegerField(null=True)),
                ('their_count', models.IntegerField(null=True)),
                ('their_minor', models.BigIntegerField(null=True)),
                ('differences', models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ('difference_count', models.IntegerField(db_default=0)),
                ('mended_count', models.IntegerField(db_default=0)),
                ('detail', models.TextField(db_default='')),
                ('checked_at', models.DateTimeField(null=True)),
                ('store', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.store')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'store', 'day'), name='storeday_day_uniq')],
                'indexes': [models.Index(condition=models.Q(('status', 'due')), fields=['tenant', 'due_at'], name='storeday_due_idx')],
            },
        ),
    ]
