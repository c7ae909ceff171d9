"""What shoppers have in their carts, and what browsers tell of orders."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import CartStatus
from crm.models.order import Order
from crm.models.profile import Profile
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class Cart(TenantModel):
    """One cart of a shopper, read of events (`crm.domain.carts`); the newest one may be open."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    store = TenantForeignKey(Store, null=True, on_delete=models.CASCADE, related_name="+")
    """Where it was last touched."""
    order = TenantForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="+")
    """What it was bought with; None while only a browser says that it was."""
    status = models.TextField(choices=CartStatus.choices, db_default=CartStatus.OPEN)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    idle_at = models.DateTimeField()
    """When it is abandoned unless somebody touches it."""
    checkout_at = models.DateTimeField(null=True)
    abandoned_at = models.DateTimeField(null=True)
    """When it had first lain for an hour; one that was bought later was recovered."""
    converted_at = models.DateTimeField(null=True)
    currency = models.TextField(db_default="")
    total_minor = models.BigIntegerField(null=True)
    """In minor units of ``currency``; None where nobody told prices."""
    piece_count = models.IntegerField(db_default=0)
    items = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """``title``, ``quantity``, ``price``, ``price_minor``, ``sku``, ``product_id``, ``url`` and
    ``image_url`` of each."""
    url = models.TextField(db_default="")
    """Where it can be taken up again."""
    is_backfill = models.BooleanField(db_default=False)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile", "started_at"], name="cart_profile_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "idle_at"],
                name="cart_idle_idx",
                condition=models.Q(status="open"),
            ),
            models.Index(
                fields=["tenant", "order"],
                name="cart_order_idx",
                condition=models.Q(order__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} cart of {self.profile_id}"


class OrderHint(TenantModel):
    """That a browser told of an order: by what it named it. It shows whose visit led to it."""

    pk = models.CompositePrimaryKey("tenant_id", "order_ref", "event_id")
    order_ref = models.TextField()
    """Id, number without its sign, or token of the checkout."""
    event_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.order_ref
