import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    """Find what runs out by its time, and not among all that was ever bought."""

    dependencies = [
        ("crm", "0043_index_own_reviews"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefillPurchase",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "order_id",
                        "product_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("ordered_at", models.DateTimeField()),
                ("quantity", models.IntegerField()),
                (
                    "order",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.order",
                    ),
                ),
                (
                    "product",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.product",
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
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["tenant", "product", "quantity", "ordered_at"],
                        name="refillpurchase_due_idx",
                    )
                ],
            },
        ),
    ]
