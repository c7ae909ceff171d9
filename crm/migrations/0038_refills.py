import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0037_find_dates"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="refill_days",
            field=models.SmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="catalogcount",
            name="refills_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="RefillCycle",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "product_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("days", models.FloatField()),
                ("reorder_count", models.IntegerField()),
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
            options={"abstract": False},
        ),
    ]
