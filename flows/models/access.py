"""Who may buy before all others, and until when that is something special."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel


class AccessList(TenantModel):
    """Something that members of segments may see before it is open to everybody."""

    name = models.TextField()
    url = models.TextField()
    """Where it is in the shop; everybody on the list gets this address with a pass of their own."""
    segment_ids = ArrayField(models.BigIntegerField())
    """Whose members are on the list, at every moment."""
    opens_at = models.DateTimeField()
    """From then on the list may see it."""
    public_at = models.DateTimeField()
    """From then on everybody may."""
    due_at = models.DateTimeField(null=True)
    """When its people are told; None once they were."""
    after = models.BigIntegerField(db_default=0)
    """The last profile that was told."""
    reason = models.TextField(db_default="")
    """What its people wait for, or why nobody was told; empty for nothing."""
    created_by = models.TextField(db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="accesslist_due_idx",
                condition=models.Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name
