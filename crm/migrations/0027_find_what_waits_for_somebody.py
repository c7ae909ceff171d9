from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0026_suppression_list'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='reaction',
            index=models.Index(condition=models.Q(('profile_id__isnull', False)), fields=['tenant', 'profile_id'], name='reaction_profile_idx'),
        ),
    ]
