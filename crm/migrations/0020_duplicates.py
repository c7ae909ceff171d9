import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0019_returns_reviews_tickets'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='DuplicateSearch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('part', models.IntegerField(db_default=0)),
                ('parts', models.IntegerField(db_default=1)),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='decided_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='decided_by',
            field=models.TextField(db_default=''),
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='found_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='reasons',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=models.Value([], django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)), size=None),
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='score',
            field=models.SmallIntegerField(db_default=50),
        ),
        migrations.AddField(
            model_name='probableduplicate',
            name='status',
            field=models.TextField(choices=[('open', 'To decide'), ('apart', 'Not the same'), ('merged', 'Merged')], db_default='open'),
        ),
        migrations.AlterField(
            model_name='probableduplicate',
            name='reason',
            field=models.TextField(db_default=''),
        ),
        migrations.AddIndex(
            model_name='probableduplicate',
            index=models.Index(condition=models.Q(('status', 'open')), fields=['tenant', 'score', 'id'], name='probableduplicate_open_idx'),
        ),
        migrations.AddIndex(
            model_name='probableduplicate',
            index=models.Index(condition=models.Q(('status', 'apart')), fields=['tenant', 'decided_at', 'id'], name='probableduplicate_apart_idx'),
        ),
        migrations.AddIndex(
            model_name='duplicatesearch',
            index=models.Index(fields=['tenant', 'due_at'], name='duplicatesearch_due_idx'),
        ),
        migrations.AddConstraint(
            model_name='duplicatesearch',
            constraint=models.UniqueConstraint(fields=('tenant',), name='duplicatesearch_tenant_uniq'),
        ),
    ]
