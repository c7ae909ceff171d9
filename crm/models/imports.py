"""Files that people bring, and rates between currencies."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import ImportStatus
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class ImportRun(TenantModel):
    """One import of a file, with its real counts while it runs."""

    store = TenantForeignKey(Store, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField()
    filename = models.TextField()
    status = models.TextField(choices=ImportStatus.choices, default=ImportStatus.RUNNING)
    total = models.BigIntegerField(null=True)
    rows_read = models.BigIntegerField(default=0)
    new_count = models.BigIntegerField(default=0)
    updated_count = models.BigIntegerField(default=0)
    unchanged_count = models.BigIntegerField(default=0)
    quarantined_count = models.BigIntegerField(default=0)
    detail = models.TextField(default="", blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.filename


class ExchangeRate(TenantModel):
    """Tenant's currency per one unit of ``currency`` on a day."""

    currency = models.CharField(max_length=3)
    on = models.DateField()
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "currency", "on"], name="exchangerate_on_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.on}"
