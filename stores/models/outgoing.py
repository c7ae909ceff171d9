"""Webhooks that go out: where to, and every delivery with its tries."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantForeignKey, TenantModel
from stores.choices import OutgoingStatus


class WebhookEndpoint(TenantModel):
    """An address of the merchant's own software that is told what happens."""

    url = models.TextField()
    description = models.TextField(default="", blank=True)
    types = ArrayField(models.TextField(), default=list)
    """Words of `stores.domain.outgoing.TYPES`, sorted; empty means all, also those to come."""
    secret_encrypted = models.TextField()
    """Signing secret in its written form (``whsec_…``), encrypted at rest."""
    previous_secret_encrypted = models.TextField(default="", blank=True)
    """Still signs beside the new one for a day after ``rotated_at``."""
    rotated_at = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.TextField(default="", blank=True)
    """Why it was switched off by itself; empty where a member did it."""
    held_until = models.DateTimeField(null=True)
    """It asked for patience; nothing is posted before."""
    taken_at = models.DateTimeField(null=True)
    """When it last took a delivery."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant", "-created_at"], name="endpoint_created_idx")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(TenantModel):
    """One event told to one endpoint, once; repeats carry the same ``webhook-id``."""

    endpoint = TenantForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="+")
    event_id = models.BigIntegerField()
    """0 for a test that a member asked for."""
    profile_id = models.BigIntegerField(null=True)
    """Whose event it is; their erasure empties the body."""
    type = models.TextField()
    message_id = models.TextField()
    """What ``webhook-id`` says, the same over all tries."""
    body = models.TextField()
    """JSON as it is signed and posted; empty after its person was erased."""
    status = models.TextField(choices=OutgoingStatus.choices, db_default=OutgoingStatus.PENDING)
    tries = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    claim_id = models.UUIDField(null=True)
    """Of the worker that posts it, until ``due_at``."""
    last_status = models.IntegerField(null=True)
    """HTTP status of the last answer; None where none came."""
    log = models.JSONField(default=list)
    """``{"at", "status", "detail", "ms"}`` of each try, oldest first."""
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "endpoint", "event_id"],
                condition=models.Q(event_id__gt=0),
                name="outgoing_event_uniq",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "endpoint", "due_at"],
                name="outgoing_due_idx",
                condition=models.Q(status="pending"),
            ),
            models.Index(fields=["tenant", "endpoint", "-id"], name="outgoing_endpoint_idx"),
            models.Index(
                fields=["tenant", "endpoint", "status", "-id"], name="outgoing_status_idx"
            ),
            models.Index(
                fields=["tenant", "profile_id"],
                name="outgoing_profile_idx",
                condition=models.Q(profile_id__isnull=False),
            ),
            models.Index(fields=["tenant", "created_at"], name="outgoing_age_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.status}"
