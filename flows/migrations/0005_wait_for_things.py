from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0001_initial'),
        ('flows', '0004_name_refusals'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='flowrun',
            name='context',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name='flowrun',
            name='waits_for',
            field=models.TextField(db_default=''),
        ),
        migrations.AddIndex(
            model_name='flowrun',
            index=models.Index(condition=models.Q(('status', 'active'), models.Q(('waits_for', ''), _negated=True)), fields=['tenant', 'waits_for', 'id'], name='flowrun_waits_for_idx'),
        ),
        migrations.AddIndex(
            model_name='runstep',
            index=models.Index(condition=models.Q(('result', 'alerted')), fields=['tenant', '-at'], name='runstep_alerted_idx'),
        ),
    ]
