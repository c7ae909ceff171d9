import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):

    dependencies = [
        ('flows', '0011_library_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='campaign',
            name='resend_of',
            field=kernel.tenancy.TenantForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='flows.campaign'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.UniqueConstraint(condition=models.Q(('resend_of__isnull', False), models.Q(('state', 'cancelled'), _negated=True)), fields=('tenant', 'resend_of'), name='campaign_resend_uniq'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='decision',
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name='campaign',
            name='phase',
            field=models.TextField(blank=True, choices=[('test', 'The variants are sent to the test group'), ('wait', 'The test is waited for'), ('rest', 'Everybody else is sent to'), ('held', 'What the held out would have been sent is kept')], db_default=''),
        ),
    ]
