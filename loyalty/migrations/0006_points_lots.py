import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    """Say of every entry above zero what is left of it, and until when."""

    dependencies = [
        ("crm", "0033_points_ahead"),
        ("loyalty", "0005_open_balances"),
        ("tenants", "0005_confirm_known_addresses"),
    ]

    operations = [
        migrations.AddField(
            model_name="program",
            name="expires_after_months",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="program",
            name="pending_days",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="pointsaccount",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="pointsaccount",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["tenant", "due_at"],
                name="pointsaccount_due_idx",
            ),
        ),
        migrations.CreateModel(
            name="PointsLot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("order_id", models.BigIntegerField(null=True)),
                ("earned", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("is_pending", models.BooleanField(db_default=False)),
                ("activates_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("warned", models.SmallIntegerField(db_default=0)),
                ("lapses", models.SmallIntegerField(db_default=0)),
                (
                    "profile",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="crm.profile",
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
                    models.Index(fields=["tenant", "profile"], name="pointslot_profile_idx")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("remaining__gte", 0), ("remaining__lte", models.F("earned"))
                        ),
                        name="pointslot_remaining_check",
                    )
                ],
            },
        ),
    ]
