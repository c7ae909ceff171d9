import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kernel.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0018_find_flaws"),
        ("stores", "0012_tidy_up_earlier_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="WriteLane",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        choices=[
                            ("consent", "Consent"),
                            ("codes", "Discount codes"),
                            ("tags", "Tags"),
                            ("fields", "Figures"),
                        ]
                    ),
                ),
                ("is_on", models.BooleanField(db_default=False, default=False)),
                (
                    "options",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("held_until", models.DateTimeField(null=True)),
                ("fill_after", models.BigIntegerField(null=True)),
                ("filled_at", models.DateTimeField(null=True)),
                ("tries", models.SmallIntegerField(db_default=0)),
                ("detail", models.TextField(db_default="")),
                ("changed_at", models.DateTimeField(null=True)),
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
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["tenant", "due_at"],
                        name="writelane_due_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "store", "kind"), name="writelane_kind_uniq"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StoreWrite",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.TextField()),
                ("value", models.JSONField()),
                ("version", models.IntegerField(db_default=1, default=1)),
                (
                    "memo",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
                ),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "Waits"),
                            ("sent", "Written"),
                            ("refused", "Refused"),
                            ("superseded", "Overtaken"),
                        ],
                        db_default="waiting",
                    ),
                ),
                ("urgency", models.SmallIntegerField(db_default=1)),
                ("attempts", models.SmallIntegerField(db_default=0)),
                (
                    "due_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("reason", models.TextField(db_default="")),
                (
                    "wished_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "lane",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="stores.writelane",
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
                        condition=models.Q(("state", "waiting")),
                        fields=["tenant", "lane", "urgency", "due_at", "id"],
                        name="storewrite_waiting_idx",
                    ),
                    models.Index(
                        condition=models.Q(("state", "refused")),
                        fields=["tenant", "lane", "-id"],
                        name="storewrite_refused_idx",
                    ),
                    models.Index(
                        condition=models.Q(("sent_at__isnull", False)),
                        fields=["tenant", "lane", "-sent_at"],
                        name="storewrite_sent_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "lane", "subject"), name="storewrite_subject_uniq"
                    )
                ],
            },
        ),
    ]
