"""What sold: figures of each product, counted anew in sets once something changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.models.order import Order
from crm.models.product import Product
from kernel.tenancy import TenantForeignKey, TenantModel


class ProductFigures(TenantModel):
    """What one product sold in the 90 days before `CatalogCount`; zeros where nothing did.

    Money is in the tenant's currency, after discounts and before refunds.
    """

    pk = models.CompositePrimaryKey("tenant_id", "product_id")
    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    units = models.BigIntegerField(db_default=0)
    revenue_minor = models.BigIntegerField(db_default=0)
    order_count = models.IntegerField(db_default=0)
    buyer_count = models.IntegerField(db_default=0)
    repeat_count = models.IntegerField(db_default=0)
    """Buyers with two or more orders of it in these days."""
    last_sold_at = models.DateTimeField(null=True)
    days = ArrayField(
        models.SmallIntegerField(),
        db_default=models.Value([], ArrayField(models.SmallIntegerField())),
    )
    """Days on which it sold, ascending: 0 is the first of the 90, of the tenant's calendar."""
    day_units = ArrayField(
        models.BigIntegerField(), db_default=models.Value([], ArrayField(models.BigIntegerField()))
    )
    """Units of each of ``days``; likewise revenue."""
    day_revenue_minor = ArrayField(
        models.BigIntegerField(), db_default=models.Value([], ArrayField(models.BigIntegerField()))
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "revenue_minor", "product"], name="productfigures_revenue_idx"
            ),
            models.Index(fields=["tenant", "units", "product"], name="productfigures_units_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.units} of {self.product_id}"


class RefillCycle(TenantModel):
    """How long one piece of a consumable product lasts, by how people buy it again."""

    pk = models.CompositePrimaryKey("tenant_id", "product_id")
    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    days = models.FloatField()
    """Median of the days between two orders of one person, by the pieces of the first."""
    reorder_count = models.IntegerField()
    """Of how many such pairs; few say little (`crm.domain.refills`)."""

    def __str__(self) -> str:
        return f"{self.days} days for a piece of {self.product_id}"


class RefillPurchase(TenantModel):
    """How many pieces of a product an order holds, where it is known how long one lasts.

    Kept so that what runs out is found by its time. Whose the order is, it says itself.
    """

    pk = models.CompositePrimaryKey("tenant_id", "order_id", "product_id")
    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    ordered_at = models.DateTimeField()
    quantity = models.IntegerField()
    """Of all its lines."""

    class Meta:
        indexes = [
            # So many pieces of a product bought in the same hour run out in the same hour.
            models.Index(
                fields=["tenant", "product", "quantity", "ordered_at"],
                name="refillpurchase_due_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.product_id} in order {self.order_id}"


class CatalogChange(TenantModel):
    """That orders or people were written and the products are not counted since."""

    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant", "created_at"], name="catalogchange_created_idx")]

    def __str__(self) -> str:
        return f"change at {self.created_at}"


class CatalogCount(TenantModel):
    """When the products were last counted, and which 90 days it was; whoever counts locks it."""

    counted_at = models.DateTimeField()
    first_day = models.DateField()
    zone = models.TextField()
    """IANA; it said what a day was."""
    refills_at = models.DateTimeField(null=True)
    """When it was last looked how long products last; None: never."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="catalogcount_tenant_uniq")]
        indexes = [models.Index(fields=["tenant", "counted_at"], name="catalogcount_counted_idx")]

    def __str__(self) -> str:
        return f"counted at {self.counted_at}"
