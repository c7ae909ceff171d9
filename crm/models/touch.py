"""Where shoppers came from: the visits that first and last touch are made of."""

from django.db import models

from crm.models.order import Order
from crm.models.profile import Profile
from kernel.tenancy import TenantForeignKey, TenantModel


class Touchpoint(TenantModel):
    """One visit of which the source is known, at an order or in a browser."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    touch_key = models.TextField()
    """What it was read of; the same one again takes its place."""
    order = TenantForeignKey(Order, null=True, on_delete=models.CASCADE, related_name="+")
    """The order that it led to; it changes hands with it."""
    occurred_at = models.DateTimeField()
    source = models.TextField()
    """Such as ``google``; ``direct`` where the visit said nothing."""
    medium = models.TextField(db_default="")
    campaign = models.TextField(db_default="")
    content = models.TextField(db_default="")
    term = models.TextField(db_default="")
    landing_page = models.TextField(db_default="")
    """Without its query, which may name people."""
    referrer = models.TextField(db_default="")
    """Likewise."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "touch_key"], name="touchpoint_key_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "profile", "occurred_at", "touch_key"],
                name="touchpoint_profile_idx",
            ),
            # An order that goes asks whether a visit names it.
            models.Index(
                fields=["tenant", "order"],
                name="touchpoint_order_idx",
                condition=models.Q(order__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} / {self.medium}" if self.medium else self.source
