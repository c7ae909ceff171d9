import django.db.models.deletion
from django.db import migrations, models


def _tenant():
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name='+',
        to='tenants.tenant',
    )


class Migration(migrations.Migration):

    dependencies = [
        ('analytics', '0004_notice_mails'),
        ('tenants', '0006_find_what_somebody_changed'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventVolume',
            fields=[
                ('tenant', _tenant()),
                ('pk', models.CompositePrimaryKey('tenant_id', 'hour', 'name', 'store_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('name', models.TextField()),
                ('store_id', models.BigIntegerField()),
                ('count', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='EventHealth',
            fields=[
                ('tenant', _tenant()),
                ('pk', models.CompositePrimaryKey('tenant_id', 'name', 'store_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('name', models.TextField()),
                ('store_id', models.BigIntegerField()),
                ('health', models.TextField()),
                ('since', models.DateTimeField()),
                ('window_from', models.DateTimeField()),
                ('window_until', models.DateTimeField()),
                ('window_count', models.BigIntegerField()),
                ('low', models.BigIntegerField(null=True)),
                ('usual', models.BigIntegerField(null=True)),
                ('high', models.BigIntegerField(null=True)),
                ('day_count', models.BigIntegerField()),
                ('month_count', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='EventCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('counted_until', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('tenant', _tenant()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant',), name='eventcount_tenant_uniq')],
                'indexes': [models.Index(fields=['tenant', 'due_at'], name='eventcount_due_idx')],
            },
        ),
    ]
