"""What happens after the sale: goods that go back, what people say of them, what they ask."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.choices import (
    OPEN_RETURNS,
    OPEN_TICKETS,
    ReturnStatus,
    ReviewStatus,
    Satisfaction,
    TicketStatus,
)
from crm.models.order import Order
from crm.models.product import Product
from crm.models.profile import Profile
from crm.models.store import Store
from kernel.tenancy import TenantForeignKey, TenantModel


class CareModel(TenantModel):
    """What returns, reviews and tickets share."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    """The store, or the tool beside it, that tells of it."""
    external_id = models.TextField()
    profile = TenantForeignKey(Profile, null=True, on_delete=models.PROTECT, related_name="+")
    order = TenantForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="+")
    order_external_id = models.TextField(db_default="")
    """Kept so that what came before its order finds it."""
    url = models.TextField(db_default="")
    """Where it is in the tool that it comes from."""
    source_version_at = models.DateTimeField()
    source_hash = models.TextField(db_default="")
    """Digest of what was said: the same again changes nothing."""
    is_backfill = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True


class Return(CareModel):
    """Goods of one order that go back to the merchant."""

    number = models.TextField(db_default="")
    """What people call it, such as ``#1001-R1``."""
    status = models.TextField(choices=ReturnStatus.choices, db_default=ReturnStatus.REQUESTED)
    requested_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason = models.TextField(db_default="")
    note = models.TextField(db_default="")
    items = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """``line_key``, ``sku``, ``title``, ``quantity``, ``reason`` of what goes back, and
    ``instead_sku``, ``instead`` of what is wanted in its place."""
    label_url = models.TextField(db_default="")
    """Where the customer prints the label for the parcel, of the provider of returns."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="return_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "-requested_at"], name="return_profile_idx"),
            models.Index(fields=["tenant", "order"], name="return_order_idx"),
            models.Index(
                fields=["tenant", "status", "-id"],
                name="return_open_idx",
                condition=Q(status__in=OPEN_RETURNS),
            ),
            models.Index(
                fields=["tenant", "store", "order_external_id"],
                name="return_waiting_idx",
                condition=Q(order__isnull=True) & ~Q(order_external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.external_id


class Review(CareModel):
    """What somebody says of a product, or of the shop where ``product`` is None."""

    product = TenantForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    product_external_id = models.TextField(db_default="")
    rating = models.SmallIntegerField()
    """1 to 5 stars."""
    title = models.TextField(db_default="")
    body = models.TextField(db_default="")
    author = models.TextField(db_default="")
    """The name that others read."""
    status = models.TextField(choices=ReviewStatus.choices, db_default=ReviewStatus.PUBLISHED)
    is_verified = models.BooleanField(null=True)
    """Whether the tool knows that they bought it; None where it does not say."""
    is_consented = models.BooleanField(null=True)
    """Whether who wrote it lets others read it; None where the tool asked for that itself."""
    reviewed_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="review_external_uniq"
            ),
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="review_rating_check"),
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "-reviewed_at"], name="review_profile_idx"),
            models.Index(fields=["tenant", "product", "-reviewed_at"], name="review_product_idx"),
            models.Index(fields=["tenant", "order"], name="review_order_idx"),
            models.Index(fields=["tenant", "rating", "-id"], name="review_rating_idx"),
            models.Index(
                fields=["tenant", "status", "-id"],
                name="review_own_idx",
                condition=Q(is_consented=True),
            ),
            models.Index(
                fields=["tenant", "store", "order_external_id"],
                name="review_waiting_idx",
                condition=Q(order__isnull=True) & ~Q(order_external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.external_id


class Ticket(CareModel):
    """One question or complaint at the helpdesk."""

    subject = models.TextField(db_default="")
    status = models.TextField(choices=TicketStatus.choices, db_default=TicketStatus.OPEN)
    channel = models.TextField(db_default="")
    """How they wrote, in the tool's word."""
    priority = models.TextField(db_default="")
    tags = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    satisfaction = models.TextField(choices=Satisfaction.choices, db_default="")
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    """When somebody answered first."""
    resolved_at = models.DateTimeField(null=True)
    """None while it is open."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "external_id"], name="ticket_external_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "-opened_at"], name="ticket_profile_idx"),
            models.Index(fields=["tenant", "order"], name="ticket_order_idx"),
            models.Index(
                fields=["tenant", "status", "-id"],
                name="ticket_open_idx",
                condition=Q(status__in=OPEN_TICKETS),
            ),
            models.Index(
                fields=["tenant", "store", "order_external_id"],
                name="ticket_waiting_idx",
                condition=Q(order__isnull=True) & ~Q(order_external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.external_id
