from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stores", "0016_outgoing_webhooks")]

    operations = [
        migrations.AddField(
            model_name="webhookendpoint",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
    ]
