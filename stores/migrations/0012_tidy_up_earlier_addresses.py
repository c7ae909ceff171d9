from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stores', '0011_keep_progress_of_days'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='stray_tokens',
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
