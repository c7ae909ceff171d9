import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0012_send_again'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='WantedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.BigIntegerField()),
                ('event_name', models.TextField()),
                ('occurred_at', models.DateTimeField()),
                ('variant_id', models.BigIntegerField()),
                ('due_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
        migrations.AddConstraint(
            model_name='wantedchange',
            constraint=models.UniqueConstraint(fields=('tenant', 'event_id'), name='wantedchange_event_uniq'),
        ),
        migrations.AddIndex(
            model_name='wantedchange',
            index=models.Index(fields=['tenant', 'due_at'], name='wantedchange_due_idx'),
        ),
    ]
