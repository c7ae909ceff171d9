from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("stores", "0001_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="inboxdelivery",
            name="inboxdelivery_pending_idx",
        ),
        migrations.RemoveIndex(
            model_name="inboxdelivery",
            name="inboxdelivery_status_idx",
        ),
        migrations.AddIndex(
            model_name="inboxdelivery",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["tenant", "store", "id"],
                name="inboxdelivery_waiting_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="inboxdelivery",
            index=models.Index(
                condition=models.Q(("status__in", ["quarantined", "ignored"])),
                fields=["tenant", "store", "status", "-id"],
                name="inboxdelivery_unapplied_idx",
            ),
        ),
    ]
