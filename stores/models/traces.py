"""Whom raw deliveries have to forget still."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.models import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class ErasedTrace(TenantModel):
    """Deliveries of one store that are looked through for people who were erased.

    The row goes once all of them were.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    names = ArrayField(models.TextField(), default=list)
    """Digests of what names them (`stores.domain.traces`)."""
    is_whole = models.BooleanField(default=False, db_default=False)
    """Whether every delivery is emptied, whoever it names."""
    after_id = models.BigIntegerField(default=0, db_default=0)
    """Delivery up to which all were looked at."""
    until_id = models.BigIntegerField()
    """The newest delivery when they were erased; what comes later is refused."""
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "store", "after_id"], name="erasedtrace_store_idx"),
        ]

    def __str__(self) -> str:
        return f"erasure in the deliveries of store {self.store_id}"
