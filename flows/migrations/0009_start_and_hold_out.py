import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy

REASONS = [
    ('event_too_old', 'The event is older than the flow accepts'),
    ('trigger_filter', 'The event does not match the trigger filter'),
    ('profile_erased', 'The profile was erased'),
    ('entry_filter', 'The profile does not match the entry filter'),
    ('key_missing', 'The event lacks the property that tells runs apart'),
    ('frequency', 'The profile entered before and may not enter again yet'),
    ('too_many', 'The profile is in the flow as often as it may be at the same time'),
    ('exit_condition', 'An exit condition is met already'),
    ('circle', 'The profile entered 10 times within a day: flows set each other off'),
    ('held_out', 'Held out, so that the effect of the flow can be measured'),
]


def of(model):
    return kernel.tenancy.TenantForeignKey(
        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=model
    )


def tenant():
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name='+',
        to='tenants.tenant',
    )


def key():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name='ID'
    )


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0001_initial'),
        ('flows', '0008_campaigns'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='flow',
            name='holdout',
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='flow',
            name='status',
            field=models.TextField(choices=[('draft', 'Draft'), ('live', 'Live'), ('manual', 'Manual review'), ('paused', 'Paused'), ('disabled', 'Disabled')], default='draft'),
        ),
        migrations.AlterField(
            model_name='flowrun',
            name='status',
            field=models.TextField(choices=[('active', 'Active'), ('paused', 'Paused'), ('completed', 'Completed'), ('exited', 'Exited'), ('failed', 'Failed')], db_default='active'),
        ),
        migrations.AlterField(
            model_name='flowentry',
            name='outcome',
            field=models.TextField(choices=[('enrolled', 'Enrolled'), ('refused', 'Refused'), ('held_out', 'Held Out')]),
        ),
        migrations.AlterField(
            model_name='flowentry',
            name='reason',
            field=models.TextField(choices=REASONS, db_default=''),
        ),
        migrations.CreateModel(
            name='HeldOut',
            fields=[
                ('id', key()),
                ('run_key', models.TextField()),
                ('trigger_event_id', models.BigIntegerField(null=True)),
                ('decision', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('flow', of('flows.flow')),
                ('profile', of('crm.profile')),
                ('tenant', tenant()),
                ('version', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='flows.flowversion')),
            ],
        ),
        migrations.CreateModel(
            name='DateScan',
            fields=[
                ('id', key()),
                ('since', models.DateTimeField()),
                ('seen_until', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('flow', of('flows.flow')),
                ('tenant', tenant()),
            ],
        ),
        migrations.AddConstraint(
            model_name='heldout',
            constraint=models.UniqueConstraint(fields=('tenant', 'flow', 'profile', 'run_key'), name='heldout_key_uniq'),
        ),
        migrations.AddIndex(
            model_name='heldout',
            index=models.Index(fields=['tenant', 'flow', '-at'], name='heldout_flow_idx'),
        ),
        migrations.AddIndex(
            model_name='heldout',
            index=models.Index(fields=['tenant', 'profile'], name='heldout_profile_idx'),
        ),
        migrations.AddConstraint(
            model_name='datescan',
            constraint=models.UniqueConstraint(fields=('tenant', 'flow'), name='datescan_uniq'),
        ),
        migrations.AddIndex(
            model_name='datescan',
            index=models.Index(fields=['tenant', 'due_at'], name='datescan_due_idx'),
        ),
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('id', key()),
                ('node_id', models.TextField()),
                ('visit', models.IntegerField()),
                ('status', models.TextField(choices=[('waiting', 'Waiting'), ('released', 'Sent'), ('cancelled', 'Cancelled')], db_default='waiting')),
                ('coupon_id', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.TextField(db_default='')),
                ('flow', of('flows.flow')),
                ('profile', of('crm.profile')),
                ('run', of('flows.flowrun')),
                ('tenant', tenant()),
            ],
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(fields=('tenant', 'run', 'node_id', 'visit'), name='reviewitem_visit_uniq'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['tenant', 'flow', '-id'], name='reviewitem_waiting_idx'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(fields=['tenant', 'profile'], name='reviewitem_profile_idx'),
        ),
        migrations.CreateModel(
            name='ABTest',
            fields=[
                ('id', key()),
                ('node_id', models.TextField()),
                ('metric', models.TextField()),
                ('winner', models.TextField(db_default='')),
                ('chances', models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)),
                ('recipients', models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)),
                ('decided_at', models.DateTimeField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('flow', of('flows.flow')),
                ('tenant', tenant()),
            ],
        ),
        migrations.AddConstraint(
            model_name='abtest',
            constraint=models.UniqueConstraint(fields=('tenant', 'flow', 'node_id'), name='abtest_uniq'),
        ),
        migrations.AddIndex(
            model_name='abtest',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['tenant', 'due_at'], name='abtest_due_idx'),
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', key()),
                ('node_id', models.TextField(db_default='')),
                ('visit', models.IntegerField(db_default=1)),
                ('title', models.TextField()),
                ('assignee', models.TextField(db_default='')),
                ('due_at', models.DateTimeField(null=True)),
                ('state', models.TextField(choices=[('open', 'Open'), ('done', 'Done'), ('cancelled', 'Cancelled')], db_default='open')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.TextField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('finished_by', models.TextField(db_default='')),
                ('profile', of('crm.profile')),
                ('run', kernel.tenancy.TenantForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='flows.flowrun')),
                ('tenant', tenant()),
            ],
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(fields=('tenant', 'run', 'node_id', 'visit'), name='task_visit_uniq'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['tenant', 'state', '-id'], name='task_state_idx'),
        ),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['tenant', 'profile', '-id'], name='task_profile_idx'),
        ),
    ]
