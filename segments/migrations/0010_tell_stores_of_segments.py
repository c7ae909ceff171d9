import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0021_keep_prices_and_stock"),
        ("segments", "0009_list_people_and_audits"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="SegmentPush",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tag", models.TextField()),
                ("begun_at", models.DateTimeField()),
                ("begun_by", models.TextField()),
                (
                    "segment",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="segments.segment",
                    ),
                ),
                (
                    "store",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.store",
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
            options={
                "indexes": [
                    models.Index(fields=["tenant", "segment"], name="segmentpush_of_segment_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "store", "segment"), name="segmentpush_segment_uniq"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "store", "tag"), name="segmentpush_tag_uniq"
                    ),
                ],
            },
        ),
    ]
