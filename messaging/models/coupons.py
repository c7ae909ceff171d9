"""Coupons: what they offer, their codes, and the orders that carry one."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import (
    FREE,
    HELD,
    CodeStatus,
    CouponKind,
    CouponScope,
    CouponStatus,
    Offer,
    WhenOut,
)

_NO_IDS = models.Value([], ArrayField(models.BigIntegerField()))


class Coupon(TenantModel):
    """An offer, and how its codes are given out."""

    name = models.TextField()
    kind = models.TextField(choices=CouponKind.choices)
    status = models.TextField(choices=CouponStatus.choices, db_default=CouponStatus.ACTIVE)
    offer = models.TextField(choices=Offer.choices)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    """Above 0 up to 100; of ``percent`` alone."""
    amount_minor = models.BigIntegerField(null=True)
    """Minor units of ``currency``; of ``amount`` alone."""
    minimum_minor = models.BigIntegerField(null=True)
    """What an order must come to; None: anything."""
    currency = models.CharField(max_length=3)
    offer_words = models.TextField(db_default="")
    """What a bundle or a free product is, such as “a soap dish”."""
    product_ids = ArrayField(models.BigIntegerField(), db_default=_NO_IDS)
    """Products it is good for, sorted; empty: all."""
    store_ids = ArrayField(models.BigIntegerField(), db_default=_NO_IDS)
    """Stores that take it, sorted; empty: all."""
    static_code = models.TextField(db_default="")
    prefix = models.TextField(db_default="")
    """What codes that are made begin with."""
    is_written = models.BooleanField(db_default=False)
    """Whether the stores are asked to take the codes (`stores.services.writing`)."""
    scope = models.TextField(choices=CouponScope.choices, db_default=CouponScope.PROFILE)
    valid_hours = models.IntegerField(null=True)
    """How long a code is good after it was given out; None: until ``ends_at``."""
    ends_at = models.DateTimeField(null=True)
    """When every code ends; None: never."""
    when_out = models.TextField(choices=WhenOut.choices, db_default=WhenOut.SKIP)
    fallback = models.TextField(db_default="")
    """What the message says in place of the offer when no code is left."""
    low_water = models.IntegerField(db_default=500)
    """Below so many codes left, or below what a day takes, people are told."""
    code_limit = models.IntegerField(null=True)
    """How many codes are made at most, or how often a static one is good; None: no limit."""
    daily_demand = models.IntegerField(db_default=0)
    """Codes given out in the 24 hours before it was last looked after."""
    is_low = models.BooleanField(db_default=False)
    detail = models.TextField(db_default="")
    """Why no codes can be made just now, for people."""
    due_at = models.DateTimeField(null=True)
    """When it is looked after next (`services/coupon_upkeep.py`); None: nothing is left to do."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="coupon_name_uniq")]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="coupon_created_idx"),
            models.Index(
                fields=["tenant", "due_at"],
                name="coupon_due_idx",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "id"],
                name="coupon_low_idx",
                condition=models.Q(is_low=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CouponCode(TenantModel):
    """One code; given to one holder at most."""

    coupon = TenantForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")
    code = models.TextField()
    code_norm = models.TextField()
    """In capitals, as shops compare them."""
    status = models.TextField(choices=CodeStatus.choices, db_default=CodeStatus.AVAILABLE)
    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, null=True, related_name="+")
    holder = models.TextField(db_default="")
    """For what it was given: ``profile:7``, ``run:12``, ``campaign:4:7`` or ``message:3``."""
    message_id = models.BigIntegerField(null=True)
    """The newest message that carries it; no reference, as messages are deleted in their time."""
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "coupon", "code_norm"], name="couponcode_code_uniq"
            ),
            models.UniqueConstraint(
                fields=["tenant", "coupon", "holder"],
                name="couponcode_holder_uniq",
                condition=models.Q(status__in=HELD),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "coupon", "id"],
                name="couponcode_free_idx",
                condition=models.Q(status__in=FREE),
            ),
            models.Index(fields=["tenant", "code_norm"], name="couponcode_norm_idx"),
            models.Index(fields=["tenant", "coupon", "-id"], name="couponcode_coupon_idx"),
            models.Index(
                fields=["tenant", "coupon", "status", "-id"], name="couponcode_status_idx"
            ),
            models.Index(
                fields=["tenant", "profile", "coupon"],
                name="couponcode_profile_idx",
                condition=models.Q(profile__isnull=False),
            ),
            models.Index(
                fields=["tenant", "message_id"],
                name="couponcode_claimed_idx",
                condition=models.Q(status=CodeStatus.CLAIMED),
            ),
            models.Index(
                fields=["tenant", "coupon", "expires_at"],
                name="couponcode_expiry_idx",
                condition=models.Q(status=CodeStatus.SENT, expires_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "coupon", "claimed_at"],
                name="couponcode_demand_idx",
                condition=models.Q(claimed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponRedemption(TenantModel):
    """That an order carries a code; follows the order (`services/coupon_redemptions.py`)."""

    coupon = TenantForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")
    code = TenantForeignKey(CouponCode, on_delete=models.CASCADE, related_name="+")
    order_id = models.BigIntegerField()
    """No reference: an order that is taken back takes its row with it."""
    redeemed_at = models.DateTimeField()
    """When it was ordered."""
    is_counted = models.BooleanField()
    """False of an order that was cancelled or voided, or is a test; a refunded one counts."""
    revenue_minor = models.BigIntegerField()
    """Of the order, in the tenant's currency, before refunds."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "order_id", "code"], name="couponredemption_order_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "code"], name="couponredemption_code_idx"),
            models.Index(fields=["tenant", "coupon", "-id"], name="couponredemption_coupon_idx"),
        ]

    def __str__(self) -> str:
        return f"order {self.order_id}"


class CouponTally(TenantModel):
    """How often a coupon was redeemed; written with its redemptions, so that no page counts."""

    coupon = TenantForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")
    redeemed_count = models.BigIntegerField()
    """Orders that count."""
    revenue_minor = models.BigIntegerField()
    """Of them, in the tenant's currency."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "coupon"], name="coupontally_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.redeemed_count} orders"
