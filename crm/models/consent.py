"""Permission per channel, append-only, and addresses that must not be contacted."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import Channel, ConsentState, SuppressionReason, SuppressionScope
from crm.models.profile import Profile
from kernel.tenancy import TenantForeignKey, TenantModel


class ConsentEvent(TenantModel):
    """One statement of permission with its proof; the profile's columns are its projection."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    channel = models.TextField(choices=Channel.choices)
    topic = models.TextField(db_default="")
    state = models.TextField(choices=ConsentState.choices)
    method = models.TextField(db_default="")
    """``shopify``, ``one_click``, ``preference_page``, ``import``, ``api`` and so on."""
    detail = models.TextField(db_default="")
    text_version = models.TextField(db_default="")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.TextField(db_default="")
    source_url = models.TextField(db_default="")
    occurred_at = models.DateTimeField(null=True)
    """When it was said; None for a sync that gives no time, which never beats an unsubscribe."""
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "profile", "channel", "-recorded_at"],
                name="consentevent_profile_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class Suppression(TenantModel):
    """An address that must not be contacted; survives erase (only the hash is kept) and merge."""

    channel = models.TextField(choices=Channel.choices)
    address_hash = models.CharField(max_length=64)
    """SHA-256 of tenant id, channel and normalised address."""
    address = models.TextField(db_default="")
    """Normalised; empty where only the digest may be kept, such as of somebody who was erased."""
    reason = models.TextField(choices=SuppressionReason.choices)
    scope = models.TextField(choices=SuppressionScope.choices, db_default=SuppressionScope.ALL)
    until = models.DateTimeField(null=True)
    detail = models.TextField(db_default="")
    """Why, in the words of whoever added it."""
    actor = models.TextField(db_default="")
    """Member or key that added it; empty where a server or a store said so."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="suppression_created_idx"),
            models.Index(
                fields=["tenant", "reason", "-created_at", "-id"], name="suppression_reason_idx"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "address_hash", "reason"],
                name="suppression_address_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.reason}"
