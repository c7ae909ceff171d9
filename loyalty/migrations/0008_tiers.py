import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    """Let people climb a ladder of tiers."""

    dependencies = [
        ("crm", "0036_loyalty_tier"),
        ("loyalty", "0007_lots_of_entries"),
        ("tenants", "0005_confirm_known_addresses"),
    ]

    operations = [
        migrations.AddField(
            model_name="program",
            name="tier_window",
            field=models.TextField(
                choices=[
                    ("lifetime", "Ever"),
                    ("rolling", "The last 12 months"),
                    ("calendar", "A calendar year"),
                ],
                db_default="rolling",
                default="rolling",
            ),
        ),
        migrations.AddField(
            model_name="program",
            name="grace_days",
            field=models.IntegerField(db_default=30, default=30),
        ),
        migrations.AddField(
            model_name="program",
            name="tier_cursor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="pointsaccount",
            name="tier_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="pointsaccount",
            name="tier_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="pointsaccount",
            name="tier_falls_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="pointsaccount",
            name="tier_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="pointsaccount",
            index=models.Index(
                condition=models.Q(("tier_due_at__isnull", False)),
                fields=["tenant", "tier_due_at"],
                name="pointsaccount_tier_due_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="pointsaccount",
            index=models.Index(
                condition=models.Q(("tier_id__isnull", False)),
                fields=["tenant", "tier_id", "profile"],
                name="pointsaccount_tier_idx",
            ),
        ),
        migrations.CreateModel(
            name="Tier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.TextField()),
                ("rank", models.SmallIntegerField()),
                ("min_spend_minor", models.BigIntegerField(null=True)),
                ("min_orders", models.IntegerField(null=True)),
                ("min_points", models.BigIntegerField(null=True)),
                (
                    "needs",
                    models.TextField(
                        choices=[("any", "One of them is enough"), ("all", "All of them")],
                        default="any",
                    ),
                ),
                ("multiplier", models.DecimalField(decimal_places=2, max_digits=6, null=True)),
                ("benefits", models.TextField(default="")),
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
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "rank"), name="tier_rank_uniq")
                ],
            },
        ),
        migrations.CreateModel(
            name="TierChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("from_tier", models.TextField()),
                ("to_tier", models.TextField()),
                ("direction", models.TextField()),
                ("spend_minor", models.BigIntegerField()),
                ("order_count", models.IntegerField()),
                ("points", models.BigIntegerField()),
                (
                    "profile",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
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
                    models.Index(fields=["tenant", "profile", "-id"], name="tierchange_profile_idx")
                ],
            },
        ),
    ]
