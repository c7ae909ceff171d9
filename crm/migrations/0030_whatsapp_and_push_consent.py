from django.db import migrations, models

STATES = [
    ("subscribed", "Subscribed"),
    ("pending", "Pending"),
    ("unsubscribed", "Unsubscribed"),
    ("never", "Never"),
    ("withdrawn", "Withdrawn"),
]


def _live(column):
    return models.Q(
        ("erased_at__isnull", True),
        ("merged_into__isnull", True),
        models.Q((column, "never"), _negated=True),
    )


def _fields(channel):
    state = models.TextField(choices=STATES, db_default="never", default="never")
    at = models.DateTimeField(null=True)
    return [
        migrations.AddField("profile", f"{channel}_consent", state),
        migrations.AddField("profile", f"{channel}_consent_at", at),
        migrations.AddIndex(
            "profile",
            models.Index(
                condition=_live(f"{channel}_consent"),
                fields=["tenant", f"{channel}_consent", "-created_at", "-id"],
                name=f"profile_{channel}_consent_idx",
            ),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("crm", "0029_find_strays_by_store")]

    operations = [*_fields("whatsapp"), *_fields("push")]
