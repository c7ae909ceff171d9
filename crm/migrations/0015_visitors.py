import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0014_stock'),
        ('tenants', '0003_job'),
    ]

    operations = [
        migrations.AddField(
            model_name='identity',
            name='is_shared',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='profile',
            name='is_anonymous',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='profile',
            name='traits_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='ProbableDuplicate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.TextField()),
                ('noted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('one', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.profile')),
                ('other', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.profile')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'one', 'other'), name='probableduplicate_pair_uniq')],
                'indexes': [models.Index(fields=['tenant', 'other'], name='probableduplicate_other_idx')],
            },
        ),
    ]
