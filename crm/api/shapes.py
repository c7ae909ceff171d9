"""What orders, products and events look like outside."""

from typing import Any

from rest_framework import serializers

from crm.choices import (
    CartStatus,
    InventoryPolicy,
    OrderChannel,
    PaymentMethod,
    ProductFlag,
    StockState,
)
from kernel.money import to_decimal
from tenants.api.resources import IdField, MoneyField


class LineOut(serializers.Serializer[Any]):
    """One line of an order; money in the order's currency."""

    id = IdField()
    line_key = serializers.CharField()
    product_id = IdField()
    variant_id = IdField()
    sku = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = serializers.SerializerMethodField()
    discount = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()

    def get_unit_price(self, line: Any) -> str:
        return amount(line.unit_price_minor, line.order.currency)

    def get_discount(self, line: Any) -> str:
        return amount(line.discount_minor, line.order.currency)

    def get_total(self, line: Any) -> str:
        return amount(line.total_minor, line.order.currency)


class RefundOut(serializers.Serializer[Any]):
    """Money that went back, in its own currency."""

    id = IdField()
    external_id = serializers.CharField()
    refunded_at = serializers.DateTimeField()
    amount = MoneyField("amount_minor")
    currency = serializers.CharField()
    note = serializers.CharField()


class OrderOut(serializers.Serializer[Any]):
    """An order; ``base_total`` is in the tenant's currency, null without an exchange rate.

    ``channel``, ``payment_method`` and ``payment_name`` are empty where the store does not say.
    """

    id = IdField()
    store_id = IdField()
    external_id = serializers.CharField()
    number = serializers.CharField()
    profile_id = IdField()
    ordered_at = serializers.DateTimeField()
    currency = serializers.CharField()
    total = MoneyField("gross_minor")
    subtotal = MoneyField("subtotal_minor")
    discount = MoneyField("discount_minor")
    shipping = MoneyField("shipping_minor")
    tax = MoneyField("tax_minor")
    base_total = MoneyField("base_gross_minor", in_tenants=True)
    financial_status = serializers.CharField()
    fulfillment_status = serializers.CharField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    is_test = serializers.BooleanField()
    is_counted = serializers.BooleanField()
    channel = serializers.ChoiceField(choices=OrderChannel.choices, allow_blank=True)
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices, allow_blank=True)
    payment_name = serializers.CharField()
    country = serializers.CharField()
    discount_codes = serializers.ListField(child=serializers.CharField())
    lines = LineOut(many=True)
    refunds = RefundOut(many=True)
    updated_at = serializers.DateTimeField()


class VariantOut(serializers.Serializer[Any]):
    """One purchasable form of a product.

    ``inventory_quantity`` is null where nothing is counted; ``is_tracked`` false is never out of
    stock; ``continue`` as policy sells on when none is left; ``back_on`` is when more is expected.
    """

    id = IdField()
    external_id = serializers.CharField()
    sku = serializers.CharField()
    title = serializers.CharField()
    price = serializers.SerializerMethodField()
    compare_at_price = serializers.SerializerMethodField()
    currency = serializers.CharField()
    inventory_quantity = serializers.IntegerField(allow_null=True)
    inventory_policy = serializers.ChoiceField(choices=InventoryPolicy.choices, allow_blank=True)
    is_tracked = serializers.BooleanField(allow_null=True)
    stock_at = serializers.DateTimeField(allow_null=True)
    back_on = serializers.DateField(allow_null=True)

    def get_compare_at_price(self, variant: Any) -> str | None:
        if variant.compare_at_minor is None or not variant.currency:
            return None
        return amount(variant.compare_at_minor, variant.currency)

    def get_price(self, variant: Any) -> str | None:
        if variant.price_minor is None or not variant.currency:
            return None
        return amount(variant.price_minor, variant.currency)


class ProductOut(serializers.Serializer[Any]):
    """A product of a store."""

    id = IdField()
    store_id = IdField()
    external_id = serializers.CharField()
    title = serializers.CharField()
    category = serializers.CharField()
    brand = serializers.CharField()
    handle = serializers.CharField()
    url = serializers.CharField()
    image_url = serializers.CharField()
    status = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    published_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)
    stock_state = serializers.ChoiceField(choices=StockState.choices, allow_blank=True)
    flags = serializers.ListField(child=serializers.ChoiceField(choices=ProductFlag.choices))
    variants = VariantOut(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CartItemOut(serializers.Serializer[Any]):
    """What of one product is in a cart; ``price`` of one piece, empty where nobody told it."""

    title = serializers.CharField()
    quantity = serializers.IntegerField()
    price = serializers.CharField()
    sku = serializers.CharField()
    product_id = serializers.CharField()
    url = serializers.CharField()
    image_url = serializers.CharField()


class CartOut(serializers.Serializer[Any]):
    """A cart of a known shopper; ``total`` is null where nobody told prices.

    ``abandoned_at`` is when it had first lain for an hour: a cart that was bought later was
    recovered.
    """

    id = IdField()
    profile_id = IdField()
    store_id = IdField()
    order_id = IdField()
    status = serializers.ChoiceField(choices=CartStatus.choices)
    started_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    checkout_at = serializers.DateTimeField(allow_null=True)
    abandoned_at = serializers.DateTimeField(allow_null=True)
    converted_at = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    total = serializers.SerializerMethodField()
    items = CartItemOut(many=True)
    url = serializers.CharField()
    updated_at = serializers.DateTimeField()

    def get_total(self, cart: Any) -> str | None:
        if cart.total_minor is None or not cart.currency:
            return None
        return amount(cart.total_minor, cart.currency)


class EventOut(serializers.Serializer[Any]):
    """Something that happened."""

    id = IdField()
    name = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    profile_id = IdField()
    store_id = IdField()
    object_id = IdField()
    source = serializers.CharField()  # type: ignore[assignment] # a name of ours
    is_backfill = serializers.BooleanField()
    properties = serializers.DictField()


class ItemResult(serializers.Serializer[Any]):
    """What became of one item of a bulk call."""

    status = serializers.ChoiceField(choices=["new", "updated", "unchanged", "rejected"])
    detail = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment] # the name is the contract's
        child=serializers.CharField()
    )


class BulkResult(serializers.Serializer[Any]):
    """Per item, in the order given."""

    results = ItemResult(many=True)


def amount(minor: int, currency: str) -> str:
    """Return minor units as the decimal string of the API."""
    return f"{to_decimal(minor, currency):f}"
