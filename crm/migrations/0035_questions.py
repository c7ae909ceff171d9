import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0034_postcodes"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductQuestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("external_id", models.TextField()),
                ("product_external_id", models.TextField(db_default="")),
                ("question", models.TextField()),
                ("answer", models.TextField(db_default="")),
                ("author", models.TextField(db_default="")),
                ("is_consented", models.BooleanField(db_default=False)),
                ("asked_at", models.DateTimeField()),
                ("source_version_at", models.DateTimeField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
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
                    models.Index(
                        condition=models.Q(
                            ("is_consented", True), models.Q(("answer", ""), _negated=True)
                        ),
                        fields=["tenant", "-id"],
                        name="productquestion_shown_idx",
                    ),
                    models.Index(
                        fields=["tenant", "store", "product_external_id", "-id"],
                        name="productquestion_product_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "store", "external_id"),
                        name="productquestion_external_uniq",
                    )
                ],
            },
        ),
    ]
