import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0021_keep_prices_and_stock"),
        ("segments", "0010_tell_stores_of_segments"),
        ("tenants", "0007_sweep_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="BuyerSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "profile_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("drawn_at", models.DateTimeField()),
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
        migrations.AddConstraint(
            model_name="buyersample",
            constraint=models.UniqueConstraint(
                fields=("tenant",), name="buyersample_tenant_uniq"
            ),
        ),
        migrations.AddField(
            model_name="segment",
            name="redefined_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="segment",
            name="stopped_seconds",
            field=models.SmallIntegerField(db_default=300, default=300),
        ),
        migrations.CreateModel(
            name="ListAside",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("loser_id", models.BigIntegerField()),
                ("added_at", models.DateTimeField()),
                ("added_by", models.TextField(db_default="")),
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
                    "segment",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="segments.segment",
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
        migrations.AddConstraint(
            model_name="listaside",
            constraint=models.UniqueConstraint(
                fields=("tenant", "profile", "segment", "loser_id"), name="listaside_profile_uniq"
            ),
        ),
        # Whose definition was about to be counted when this came stays quiet.
        migrations.RunSQL(
            """
            UPDATE segments_segment AS s
            SET redefined_at = now()
            FROM segments_upkeep AS u
            WHERE u.tenant_id = s.tenant_id AND u.cause = 'definition'
            """,
            migrations.RunSQL.noop,
        ),
    ]
