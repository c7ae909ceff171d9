import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0006_name_circles'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FlowDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('graph', models.JSONField()),
                ('revision', models.IntegerField(default=1)),
                ('edited_by', models.TextField(default='')),
                ('edited_at', models.DateTimeField()),
                ('flow', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='flows.flow')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'flow'), name='flowdraft_flow_uniq')],
            },
        ),
    ]
