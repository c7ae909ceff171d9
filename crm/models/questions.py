"""What people ask about products in public, and what they were answered."""

from django.db import models
from django.db.models.functions import Now

from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class ProductQuestion(TenantModel):
    """A question about a product, or about the shop where it names none, with its answer.

    It belongs to nobody: of whoever asked a first name is kept, and that only to be shown.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    """The store, or the tool beside it, that tells of it."""
    external_id = models.TextField()
    product_external_id = models.TextField(db_default="")
    question = models.TextField()
    answer = models.TextField(db_default="")
    """Empty until somebody answered."""
    author = models.TextField(db_default="")
    """First name of who asked."""
    is_consented = models.BooleanField(db_default=False)
    """Whether who asked agreed that others see it."""
    asked_at = models.DateTimeField()
    source_version_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="productquestion_external_uniq"
            )
        ]
        indexes = [
            # What mails may show, newest first.
            models.Index(
                fields=["tenant", "-id"],
                name="productquestion_shown_idx",
                condition=models.Q(is_consented=True) & ~models.Q(answer=""),
            ),
            models.Index(
                fields=["tenant", "store", "product_external_id", "-id"],
                name="productquestion_product_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.question[:80]
