"""How a sender keeps a good name: slowly more mail at first, and none once too much goes wrong."""

from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import GuardLevel, LimitKind


class WarmUp(TenantModel):
    """The plan by which a new domain or account sends more from day to day."""

    kind = models.TextField(choices=LimitKind.choices)
    """``domain`` or ``account``."""
    name = models.TextField()
    """The domain, or the id of the account."""
    first = models.IntegerField()
    last = models.IntegerField()
    """Mails a day to all mailboxes, on the first and on the last day."""
    days = models.SmallIntegerField()
    started_on = models.DateField()
    """Day of the tenant's calendar."""
    paused_on = models.DateField(null=True)
    """Since when the volume stays where it is; None while it grows."""
    paused_days = models.SmallIntegerField(default=0)
    """Days of pauses that are over."""
    ended_at = models.DateTimeField(null=True)
    """When somebody ended it; None while it runs, or once it is through."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "name"],
                condition=models.Q(ended_at=None),
                name="warmup_name_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class WarmUpDay(TenantModel):
    """How many mails of a plan left for the mailboxes of one provider on one day."""

    pk = models.CompositePrimaryKey("tenant_id", "plan_id", "day", "mailbox")
    plan = TenantForeignKey(WarmUp, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    mailbox = models.TextField()
    """A key of `messaging.domain.mailboxes.GROUPS`."""
    used = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.mailbox}: {self.used}"


class SendingGuard(TenantModel):
    """What pauses promotions when too many mails bounce or are marked as spam; one row."""

    chosen = models.JSONField(default=dict)
    """What differs from the defaults of the time it was saved (`domain/guarding.py`)."""
    level = models.TextField(choices=GuardLevel.choices, db_default="", blank=True)
    """How it stood when it was last looked at."""
    words = models.TextField(db_default="", blank=True)
    """Why, for the merchant."""
    stop_id = models.BigIntegerField(null=True)
    """Of the pause that it made last."""
    losing = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """What people unsubscribed from lately, see `messaging.panels.Losing`."""
    losing_words = models.TextField(db_default="", blank=True)
    """What of it is too much, for the merchant."""
    losing_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="sendingguard_tenant_uniq")]

    def __str__(self) -> str:
        return self.words
