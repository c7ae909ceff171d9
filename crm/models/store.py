"""The storefronts of a tenant."""

from django.db import models

from crm.choices import Platform, StoreStatus
from kernel.tenancy import TenantModel


class Store(TenantModel):
    """One connected storefront. Its row is the lock of ingest: one writer per store at a time."""

    name = models.TextField()
    platform = models.TextField(choices=Platform.choices)
    url = models.TextField(default="", blank=True)
    currency = models.CharField(max_length=3)
    timezone = models.TextField()
    status = models.TextField(choices=StoreStatus.choices, default=StoreStatus.CONNECTED)
    uninstalled_at = models.DateTimeField(null=True)
    stock_told_at = models.DateTimeField(null=True)
    """When it last told how much is left of anything."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="store_name_uniq")]

    def __str__(self) -> str:
        return self.name
