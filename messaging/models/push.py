"""Browsers and apps that push messages go to."""

from django.db import models

from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.models.channels import ChannelAccount


class PushToken(TenantModel):
    """One browser or app of somebody; once it is gone nothing goes there, unless it comes back."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    account = TenantForeignKey(ChannelAccount, on_delete=models.PROTECT, related_name="+")
    """Its provider's; a token is good for this account alone."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the endpoint or token, which names it."""
    target = models.TextField()
    """The subscription as JSON, or the token."""
    platform = models.TextField(db_default="")
    """``web``, ``android`` or ``ios``."""
    is_proven = models.BooleanField(default=False, db_default=False)
    """The shop vouched for whose it is. One that it did not is the browser's alone: what was typed
    in that browser may join it to somebody, whose messages it then does not get."""
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    reason = models.TextField(db_default="")
    """Why it is gone: the provider's words, or ``unsubscribed``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "digest"], name="pushtoken_digest_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "profile", "-last_seen_at"],
                name="pushtoken_live_idx",
                condition=models.Q(gone_at=None),
            ),
            models.Index(fields=["tenant", "profile"], name="pushtoken_profile_idx"),
        ]

    def __str__(self) -> str:
        return self.platform
