"""Deliverability by day: what the mails that left add up to, and the marks by which it is kept so.

As with the rollups of documents (decision 5): a mark is what one mail adds to the sums, so that
news of it moves them by the difference, in whatever order it comes and however often it is told.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel
from messaging.choices import MessageClass


class DeliveryState(TenantModel):
    """In which zone the days were cut; whoever writes marks and sums locks this row."""

    zone = models.TextField()
    """IANA; once it is not the tenant's any more everything is added up anew."""
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="deliverystate_tenant_uniq")]

    def __str__(self) -> str:
        return f"days of {self.zone}"


class DeliveryChange(TenantModel):
    """Mails of which something became known that is not yet added up, one row per batch."""

    message_ids = ArrayField(models.BigIntegerField())
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"change {self.pk}"


class DeliveryMark(TenantModel):
    """What one mail that left adds to the sums; tests that members send have none."""

    pk = models.CompositePrimaryKey("tenant_id", "message_id")
    message_id = models.BigIntegerField()
    at = models.DateTimeField()
    """When it left."""
    day = models.DateField()
    """Of the tenant's calendar."""
    account_id = models.BigIntegerField()
    mailbox = models.TextField()
    message_class = models.TextField(choices=MessageClass.choices)
    is_delivered = models.BooleanField()
    is_hard = models.BooleanField()
    is_soft = models.BooleanField()
    is_blocked = models.BooleanField()
    is_complained = models.BooleanField()
    is_unsubscribed = models.BooleanField()
    is_opened = models.BooleanField()
    is_loaded = models.BooleanField()
    is_clicked = models.BooleanField()

    def __str__(self) -> str:
        return f"message {self.message_id} on {self.day}"


class DeliveryDay(TenantModel):
    """What became of the mails that left on one day, by account, mailbox provider and class.

    By the day on which a mail left, also where its bounce or opening came later. Read it through
    `messaging.queries.deliveries`.
    """

    pk = models.CompositePrimaryKey("tenant_id", "day", "account_id", "mailbox", "message_class")
    day = models.DateField()
    """Of the tenant's calendar."""
    account_id = models.BigIntegerField()
    """Of the `ChannelAccount`; 0 for the installation's own mail server."""
    mailbox = models.TextField()
    """A key of `messaging.domain.mailboxes.GROUPS`."""
    message_class = models.TextField(choices=MessageClass.choices)
    sent = models.BigIntegerField(db_default=0)
    """Handed over, those that the mail server refused at once included."""
    delivered = models.BigIntegerField(db_default=0)
    """Of which the provider said that they arrived; a mail server never does."""
    hard = models.BigIntegerField(db_default=0)
    """Bounced because the address is dead, at once or later."""
    soft = models.BigIntegerField(db_default=0)
    """Bounced for another reason that may pass."""
    blocked = models.BigIntegerField(db_default=0)
    """Refused for what they said or who sent them."""
    complained = models.BigIntegerField(db_default=0)
    unsubscribed = models.BigIntegerField(db_default=0)
    """Mails from whose links or headers somebody unsubscribed."""
    opened = models.BigIntegerField(db_default=0)
    """Opened by a person: neither by a scanner nor by Apple's Mail Privacy Protection."""
    loaded = models.BigIntegerField(db_default=0)
    """Whose picture only machines loaded."""
    clicked = models.BigIntegerField(db_default=0)

    def __str__(self) -> str:
        return f"{self.day} {self.account_id} {self.mailbox} {self.message_class}"
