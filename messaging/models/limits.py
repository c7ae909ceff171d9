"""How often, and when, people may be disturbed."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import Channel
from kernel.tenancy import TenantModel
from messaging.choices import Audience, MessageClass


class SendingLimits(TenantModel):
    """Smart sending, quiet hours, budget and unhappy guard; one row, made with the tenant."""

    chosen = models.JSONField(default=dict)
    """What differs from the defaults of the time it was saved (`domain/limits.py`)."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="sendinglimits_tenant_uniq")]

    def __str__(self) -> str:
        return f"limits of {self.changed_at}"


class FrequencyRule(TenantModel):
    """At most so many messages of one class in a window that moves along with time."""

    message_class = models.TextField(choices=MessageClass.choices)
    channel = models.TextField(choices=Channel.choices, db_default="", blank=True)
    """Empty: all channels together."""
    max_n = models.PositiveIntegerField()
    """0 is no limit."""
    window_hours = models.PositiveIntegerField()
    audience = models.TextField(choices=Audience.choices, db_default=Audience.ALL)
    peaks = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """``first``, ``last`` (days of the merchant, included) and ``max_n`` of peak seasons."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "message_class", "channel", "window_hours", "audience"],
                name="frequencyrule_scope_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.max_n} {self.message_class} in {self.window_hours} hours"
