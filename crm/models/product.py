"""What a store sells. Unique per store; grouped across stores by SKU."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from crm.choices import ChangeOfVariant, InventoryPolicy, StockState
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class Product(TenantModel):
    """One product. A line that names an unknown product makes a bare row that a catalogue fills."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    title = models.TextField(db_default="")
    category = models.TextField(db_default="")
    own_category = models.TextField(db_default="")
    """Given by a member where the store named none; it holds while the store names none."""
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
    stock_state = models.TextField(db_default="", choices=StockState.choices)
    """Of all its variants; empty where nothing is counted."""
    flags = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """Words of `ProductFlag`, sorted, by the rules and by what was said by hand."""
    flags_by_hand = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """By word of `ProductFlag` whether it is one, whatever the rules say."""
    refill_days = models.SmallIntegerField(null=True)
    """How long one piece lasts, as a member says; None leaves that to the orders."""
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
            models.Index(
                fields=["tenant", "stock_state", "-created_at", "-id"],
                name="product_stock_idx",
                condition=models.Q(stock_state__in=["backorder", "out"]),
            ),
            models.Index(
                fields=["tenant", "-id"],
                name="product_uncategorised_idx",
                condition=models.Q(category="", deleted_at__isnull=True),
            ),
            models.Index(
                fields=["tenant", "store", "handle"],
                name="product_handle_idx",
                condition=~models.Q(handle=""),
            ),
            GinIndex(
                fields=["tenant", "flags"],
                opclasses=["int8_ops", "array_ops"],
                name="product_flags_idx",
            ),
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
    compare_at_minor = models.BigIntegerField(null=True)
    """What it cost before, in minor units of ``currency``; None where it is not reduced."""
    inventory_quantity = models.IntegerField(null=True)
    """What is left in all places: of the newest word, a total or the levels by place."""
    inventory_policy = models.TextField(db_default="", choices=InventoryPolicy.choices)
    inventory_item = models.TextField(db_default="")
    """Under which the store tells levels by place."""
    is_tracked = models.BooleanField(null=True)
    """False: never out of stock; None where nothing is said."""
    stock_at = models.DateTimeField(null=True)
    """Version of the word that ``inventory_quantity`` follows."""
    told_quantity = models.IntegerField(null=True)
    """The total as the catalogue told it last, of ``told_at``."""
    told_tracked = models.BooleanField(null=True)
    told_at = models.DateTimeField(null=True)
    back_on = models.DateField(null=True)
    """When more is expected; kept while none is left."""
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
            models.Index(
                fields=["tenant", "store", "inventory_item"],
                name="variant_item_idx",
                condition=~models.Q(inventory_item=""),
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.sku or self.external_id

    @property
    def stock_state(self) -> str:
        """Return whether it can be bought as far as its stock goes, a word of `StockState`."""
        if self.is_tracked is False or (self.inventory_quantity or 0) > 0:
            return str(StockState.IN)
        if self.inventory_quantity is None:
            return ""
        is_sold_on = self.inventory_policy == InventoryPolicy.CONTINUE
        return str(StockState.BACKORDER if is_sold_on else StockState.OUT)


class VariantChange(TenantModel):
    """That a variant got another price, ran out, or came back; appended once."""

    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    variant = TenantForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    what = models.TextField(choices=ChangeOfVariant.choices)
    before = models.BigIntegerField()
    """Minor units of ``currency``, or pieces; of a compare-at price 0 is none."""
    after = models.BigIntegerField()
    currency = models.CharField(max_length=3, db_default="")
    """Empty for pieces."""
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "product", "-at"], name="variantchange_product_idx")
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.variant_id}: {self.before} to {self.after}"


class StockLevel(TenantModel):
    """What is left of an inventory item at one place; a row without a place is of the item itself.

    Kept also before a variant of the item is known.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    item_external_id = models.TextField()
    location_external_id = models.TextField(db_default="")
    available = models.IntegerField(null=True)
    """None: the place has none of it any more."""
    is_tracked = models.BooleanField(null=True)
    """Of the item itself: False is never out of stock."""
    source_version_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "item_external_id", "location_external_id"],
                name="stocklevel_place_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.available} of {self.item_external_id}"
