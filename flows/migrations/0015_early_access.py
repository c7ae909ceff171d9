import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("flows", "0014_vacuum_runs_early"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccessList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.TextField()),
                ("url", models.TextField()),
                (
                    "segment_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("opens_at", models.DateTimeField()),
                ("public_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("after", models.BigIntegerField(db_default=0)),
                ("created_by", models.TextField(db_default="")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
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
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["tenant", "due_at"],
                        name="accesslist_due_idx",
                    )
                ],
            },
        ),
    ]
