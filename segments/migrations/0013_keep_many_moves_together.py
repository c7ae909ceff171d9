import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

CAUSES = [
    ("event", "Event"),
    ("time", "Time"),
    ("definition", "Definition"),
    ("import", "Import"),
    ("reference", "Reference"),
    ("merge", "Merge"),
    ("catalog", "Catalog"),
    ("manual", "Manual"),
    ("audit", "Audit"),
]


class Migration(migrations.Migration):

    dependencies = [
        ("segments", "0012_plain_log_and_metafields"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="MembershipMove",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("segment_id", models.BigIntegerField()),
                ("part", models.BigIntegerField()),
                ("entered", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("cause", models.TextField(choices=CAUSES)),
                ("people", models.IntegerField()),
                (
                    "profile_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="membershipmove",
            index=models.Index(
                fields=["tenant", "segment_id", "-id"], name="membershipmove_newest_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="membershipmove",
            index=models.Index(
                fields=["tenant", "part", "segment_id", "-id"], name="membershipmove_part_idx"
            ),
        ),
    ]
