import django.contrib.postgres.fields
import django.db.models.deletion
import kernel.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0025_messages_of_campaigns'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name="WritingHelp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_on", models.BooleanField(default=False)),
                ("base_url", models.TextField()),
                ("model", models.TextField()),
                ("key_encrypted", models.TextField(default="")),
                ("tone", models.TextField(default="")),
                ("changed_at", models.DateTimeField()),
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
                    models.UniqueConstraint(fields=("tenant",), name="writinghelp_tenant_uniq")
                ],
            },
        ),
        migrations.AddField(
            model_name="linkdomain",
            name="retired_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(
            model_name="linkdomain",
            name="linkdomain_tenant_uniq",
        ),
        migrations.AddConstraint(
            model_name="linkdomain",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("tenant",),
                name="linkdomain_tenant_uniq",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkdomain",
            constraint=models.UniqueConstraint(
                fields=("tenant", "domain"), name="linkdomain_domain_uniq"
            ),
        ),
        migrations.CreateModel(
            name="SenderRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.IntegerField()),
                ("trait", models.TextField()),
                ("key", models.TextField(blank=True, default="")),
                (
                    "wanted",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "sender",
                    kernel.tenancy.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="messaging.sender",
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
                        fields=["tenant", "position", "id"], name="senderrule_position_idx"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="channelaccount",
            name="price_currency",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="channelaccount",
            name="prices",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="SpendDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "day",
                        "account_id",
                        "currency",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("account_id", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("messages", models.IntegerField()),
                ("parts", models.IntegerField()),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
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
            },
        ),
    ]
