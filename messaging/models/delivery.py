"""How fast messages may leave, and how the accounts they leave over fare."""

from django.db import models

from crm.choices import Channel
from kernel.tenancy import TenantModel
from messaging.choices import LimitKind


class RateLimit(TenantModel):
    """How many messages a minute may leave in all, from a domain, to mailboxes, over an account."""

    kind = models.TextField(choices=LimitKind.choices)
    name = models.TextField(default="", blank=True)
    """Domain, provider of mailboxes or id of the account; empty for the tenant's own limit."""
    per_minute = models.IntegerField(null=True)
    """None: as `messaging.domain.server_limits` says; 0: no limit."""
    tokens = models.FloatField(default=0)
    """Messages that could leave at ``refilled_at``; below 0 when too many did."""
    refilled_at = models.DateTimeField()
    booked_until = models.DateTimeField()
    """Up to when turns are given to messages that wait."""
    waking = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """What messages say that waited for it before it changed, and are still to be looked at."""
    changed_at = models.DateTimeField(null=True)
    """When somebody last set it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "name"], name="ratelimit_name_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant"], name="ratelimit_waking_idx", condition=~models.Q(waking=[])
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AccountHealth(TenantModel):
    """What an account has been answering; there is no row while all is well."""

    channel = models.TextField(choices=Channel.choices)
    account_id = models.BigIntegerField(default=0)
    """Of the `ChannelAccount`; 0 for the installation's own mail server."""
    faults = models.IntegerField(default=0)
    """Hand-overs in a row that came to nothing."""
    errors = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)
    minute_at = models.DateTimeField(null=True)
    """Since when errors and taken messages are counted."""
    openings = models.IntegerField(default=0)
    """Times in a row that it was left alone."""
    open_until = models.DateTimeField(null=True)
    """When one message is tried again; None while messages go through."""
    reason = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "account_id"], name="accounthealth_account_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.account_id}"
