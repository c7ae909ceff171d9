"""Pictures that a merchant keeps for messages."""

from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel


class Asset(TenantModel):
    """One picture, prepared for mails; its files are named after a key that nobody can guess."""

    key = models.TextField()
    digest = models.CharField(max_length=64)
    """SHA-256 of what was uploaded: the same file again is the same picture."""
    name = models.TextField()
    alt = models.TextField(db_default="")
    """Words instead, for those who do not see it."""
    extension = models.TextField()
    """``jpg``, ``png``, or ``gif`` of one that moves."""
    width = models.IntegerField()
    height = models.IntegerField()
    size_bytes = models.BigIntegerField()
    """Of the largest file; what was uploaded is not kept."""
    created_by = models.TextField(db_default="")
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)
    """Since when nobody sees it; the row goes once its files are gone."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "digest"], name="asset_digest_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="asset_newest_idx")]

    def __str__(self) -> str:
        return self.name
