"""Purchases and what came back."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from crm.choices import OrderChannel, OrderState, PaymentMethod, ShipmentState
from crm.models.product import Product, Variant
from crm.models.profile import Profile
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel

UNPAID = ("pending", "authorized", "unpaid", "partially_paid")
"""Words of storefronts for an order whose money has not come yet."""
UNDER_WAY = ("", "pending", "shipped", "out_for_delivery", "failed")
"""States of a parcel that may still arrive."""


class Order(TenantModel):
    """One order as the store last told it; money in its own currency and in the tenant's."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    number = models.TextField(db_default="")
    """What people call it, such as ``#1001``."""
    profile = TenantForeignKey(Profile, null=True, on_delete=models.PROTECT, related_name="orders")
    """None for an order without a customer."""
    ordered_at = models.DateTimeField()
    email = models.TextField(db_default="")
    """As it was told where nobody is known by it: it may be malformed."""
    phone = models.TextField(db_default="")
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    """What was paid including tax and shipping, after discounts; minor units of ``currency``."""
    subtotal_minor = models.BigIntegerField(db_default=0)
    discount_minor = models.BigIntegerField(db_default=0)
    shipping_minor = models.BigIntegerField(db_default=0)
    tax_minor = models.BigIntegerField(db_default=0)
    base_gross_minor = models.BigIntegerField(null=True)
    """``gross_minor`` in the tenant's currency; None without a rate, then no figure counts it."""
    financial_status = models.TextField(db_default="")
    fulfillment_status = models.TextField(db_default="")
    cancelled_at = models.DateTimeField(null=True)
    is_test = models.BooleanField(db_default=False)
    has_bought_line = models.BooleanField(db_default=True)
    is_counted = models.BooleanField(db_default=True)
    """Not a test, not cancelled, not voided, and at least one bought line."""
    refunded_minor = models.BigIntegerField(db_default=0)
    """What went back in ``currency``, refunds in another one at the order's own rate."""
    state = models.GeneratedField(
        expression=Case(
            When(is_test=True, then=Value(OrderState.TEST.value)),
            When(cancelled_at__isnull=False, then=Value(OrderState.CANCELLED.value)),
            When(is_counted=False, then=Value(OrderState.NOT_COUNTED.value)),
            When(
                Q(refunded_minor__gt=0) & Q(refunded_minor__gte=F("gross_minor")),
                then=Value(OrderState.REFUNDED.value),
            ),
            When(refunded_minor__gt=0, then=Value(OrderState.PARTIALLY_REFUNDED.value)),
            When(financial_status__in=UNPAID, then=Value(OrderState.PENDING.value)),
            default=Value(OrderState.PAID.value),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(choices=OrderState.choices),
        db_persist=True,
    )
    """Most are paid, so that lists of the others have a small index of their own."""
    channel = models.TextField(db_default="", choices=OrderChannel.choices)
    """Where it was placed; empty where the store does not say."""
    payment_method = models.TextField(db_default="", choices=PaymentMethod.choices)
    """Family of what paid; empty where the store does not say."""
    payment_name = models.TextField(db_default="")
    """Such as "Apple Pay", from a closed list; empty where the family says it all."""
    country = models.TextField(db_default="")
    city = models.TextField(db_default="")
    discount_codes = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    attribution = models.JSONField(null=True)
    """``landing_site``, ``referrer``, ``utm_source`` and so on of the visit, where known."""
    checkout_token = models.TextField(db_default="")
    """What the storefront called the checkout, where it says so."""
    source_version_at = models.DateTimeField()
    """The payload's ``updated_at``, else the trigger time, else arrival."""
    source_hash = models.TextField(db_default="")
    """Digest of the canonical record: an equal one changes nothing."""
    is_backfill = models.BooleanField(db_default=False)
    is_erased = models.BooleanField(db_default=False)
    """Whose it was has been erased: nothing of them is kept, whatever the store tells again."""
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="order_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "ordered_at"], name="order_profile_idx"),
            models.Index(fields=["tenant", "-ordered_at", "-id"], name="order_ordered_idx"),
            models.Index(fields=["tenant", "number"], name="order_number_idx"),
            models.Index(
                fields=["tenant", "checkout_token"],
                name="order_token_idx",
                condition=~Q(checkout_token=""),
            ),
            models.Index(
                fields=["tenant", "base_gross_minor", "id"],
                name="order_total_idx",
                condition=Q(base_gross_minor__isnull=False),
            ),
            models.Index(fields=["tenant", "currency", "-ordered_at"], name="order_currency_idx"),
            models.Index(
                fields=["tenant", "state", "-ordered_at", "-id"],
                name="order_state_idx",
                condition=~Q(state="paid"),
            ),
            models.Index(
                fields=["tenant", "-ordered_at", "-id"],
                name="order_refunded_idx",
                condition=Q(refunded_minor__gt=0),
            ),
            models.Index(
                fields=["tenant", "payment_method", "-ordered_at", "-id"],
                name="order_payment_idx",
                condition=~Q(payment_method=""),
            ),
            models.Index(
                fields=["tenant", "channel", "-ordered_at", "-id"],
                name="order_channel_idx",
                condition=~Q(channel__in=["", "online"]),
            ),
            models.Index(
                fields=["tenant", "-ordered_at", "-id"],
                name="order_nobody_idx",
                condition=Q(profile__isnull=True),
            ),
            models.Index(
                fields=["tenant", "store", "id"],
                name="order_stray_idx",
                condition=Q(profile__isnull=True, is_test=False) & ~Q(email=""),
            ),
            models.Index(
                fields=["tenant", "-ordered_at", "-id"],
                name="order_lineless_idx",
                condition=Q(has_bought_line=False, is_test=False),
            ),
            models.Index(
                fields=["tenant", "-ordered_at", "-id"],
                name="order_rateless_idx",
                condition=Q(base_gross_minor__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id

    @property
    def payment_label(self) -> str:
        """What people read of how it was paid; empty where nothing is known."""
        return self.payment_name or self.get_payment_method_display()


class OrderLine(TenantModel):
    """One line of an order, known by the store's line id or its place."""

    order = TenantForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    line_key = models.TextField()
    position = models.IntegerField()
    product = TenantForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    variant = TenantForeignKey(Variant, null=True, on_delete=models.PROTECT, related_name="+")
    sku = models.TextField(db_default="")
    title = models.TextField(db_default="")
    category = models.TextField(db_default="")
    quantity = models.IntegerField()
    unit_price_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(db_default=0)
    total_minor = models.BigIntegerField()
    """quantity × unit price − discount, in the order's currency."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "order", "line_key"], name="orderline_key_uniq"
            )
        ]
        indexes = [
            # With the order behind it the newest lines of a product are found without the others.
            models.Index(fields=["tenant", "product", "-order"], name="orderline_product_order_idx")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class Refund(TenantModel):
    """Money that went back, by its own date; ``order`` is None where the purchase is unknown."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    order = TenantForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="refunds")
    order_external_id = models.TextField(db_default="")
    """Kept so that a refund that came before its order finds it."""
    profile = TenantForeignKey(Profile, null=True, on_delete=models.PROTECT, related_name="+")
    refunded_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    base_amount_minor = models.BigIntegerField(null=True)
    note = models.TextField(db_default="")
    lines = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """``line_key``, ``sku``, ``title``, ``quantity``, ``amount_minor`` of what came back."""
    source_version_at = models.DateTimeField()
    source_hash = models.TextField(db_default="")
    is_backfill = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="refund_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "refunded_at"], name="refund_profile_idx"),
            models.Index(fields=["tenant", "order"], name="refund_order_idx"),
            models.Index(fields=["tenant", "refunded_at"], name="refund_refunded_idx"),
            models.Index(
                fields=["tenant", "store", "order_external_id"],
                name="refund_waiting_idx",
                condition=models.Q(order__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class Shipment(TenantModel):
    """One parcel of an order (Shopify: fulfilment). ``order`` is None until the order arrives."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    external_id = models.TextField()
    order = TenantForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="shipments")
    order_external_id = models.TextField(db_default="")
    status = models.TextField(db_default="")
    carrier = models.TextField(db_default="")
    tracking_number = models.TextField(db_default="")
    tracking_url = models.TextField(db_default="")
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    state = models.TextField(db_default="", choices=ShipmentState.choices)
    """How far it is; ``status`` is the platform's own word."""
    promised_at = models.DateTimeField(null=True)
    """Until when the shopper was promised to have it."""
    delayed_at = models.DateTimeField(null=True)
    """When it was found to be late: the promise passed, or the carrier said so."""
    is_backfill = models.BooleanField(db_default=False)
    source_version_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="shipment_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "order"], name="shipment_order_idx"),
            models.Index(
                fields=["tenant", "promised_at"],
                name="shipment_promised_idx",
                condition=Q(
                    promised_at__isnull=False,
                    delayed_at__isnull=True,
                    delivered_at__isnull=True,
                    state__in=UNDER_WAY,
                ),
            ),
            models.Index(
                fields=["tenant", "store", "order_external_id"],
                name="shipment_waiting_idx",
                condition=Q(order__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.external_id
