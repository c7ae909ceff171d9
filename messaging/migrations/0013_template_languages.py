import django.db.models.deletion
import kernel.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0012_short_links'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='TemplateVariant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('locale', models.TextField()),
                ('subject', models.TextField()),
                ('preheader', models.TextField(blank=True, default='')),
                ('mjml', models.TextField()),
                ('html', models.TextField()),
                ('text', models.TextField()),
                ('content', models.JSONField(default=dict)),
                ('template', kernel.tenancy.TenantForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='messaging.template')),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'template', 'locale'), name='templatevariant_locale_uniq')],
            },
        ),
        migrations.AddIndex(
            model_name='template',
            index=models.Index(fields=['tenant', 'is_archived', '-updated_at', '-id'], name='template_updated_idx'),
        ),
    ]
