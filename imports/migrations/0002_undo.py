import django.db.models.deletion
import kernel.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0016_find_touches_of_orders'),
        ('imports', '0001_import'),
        ('tenants', '0005_confirm_known_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='undone',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='import',
            name='undo_cursor',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='import',
            name='undo_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='import',
            name='stage',
            field=models.TextField(choices=[('uploaded', 'Uploaded'), ('checking', 'Checking'), ('checked', 'Checked'), ('running', 'Running'), ('done', 'Done'), ('undoing', 'Undoing'), ('undone', 'Undone')], default='uploaded'),
        ),
        migrations.AddIndex(
            model_name='import',
            index=models.Index(condition=models.Q(('undo_until__isnull', False)), fields=['tenant', 'undo_until'], name='import_undo_idx'),
        ),
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'source_id', 'kind', 'object_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('object_id', models.BigIntegerField()),
                ('profile_id', models.BigIntegerField(null=True)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField()),
                ('kept', models.TextField(db_default='')),
                ('source', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='imports.import')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AddIndex(
            model_name='importchange',
            index=models.Index(condition=models.Q(('kept', ''), _negated=True), fields=['tenant', 'source', 'kind', 'object_id'], name='importchange_kept_idx'),
        ),
        migrations.AddIndex(
            model_name='importchange',
            index=models.Index(condition=models.Q(('before__isnull', False)), fields=['tenant', 'profile_id'], name='importchange_profile_idx'),
        ),
    ]
