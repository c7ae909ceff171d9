"""What a store sells. Unique per store; grouped across stores by SKU."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class Product(TenantModel):
    """One product. A line that names an unknown product makes a bare row that a catalogue fills."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    title = models.TextField(db_default="")
    category = models.TextField(db_default="")
    brand = models.TextField(db_default="")
    handle = models.TextField(db_default="")
    url = models.TextField(db_default="")
    image_url = models.TextField(db_default="")
    status = models.TextField(db_default="active")
    tags = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    published_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    source_version_at = models.DateTimeField(null=True)
    """None while only order lines know the product."""
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="product_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="product_created_idx"),
            models.Index(fields=["tenant", "category"], name="product_category_idx"),
            GinIndex(
                fields=["tenant", "title"],
                opclasses=["int8_ops", "gin_trgm_ops"],
                name="product_title_trgm_idx",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.external_id


class Variant(TenantModel):
    """One purchasable form of a product."""

    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    sku = models.TextField(db_default="")
    title = models.TextField(db_default="")
    price_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, db_default="")
    inventory_quantity = models.IntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="variant_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "product"], name="variant_product_idx"),
            models.Index(fields=["tenant", "sku"], name="variant_sku_idx"),
        ]

    def __str__(self) -> str:
        return self.title or self.sku or self.external_id
