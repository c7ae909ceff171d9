"""Mailboxes that replies are read from."""

from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.models.channels import ChannelAccount


class ReplyMailbox(TenantModel):
    """How far the mailbox of an account was read, and when it is read next."""

    account = TenantForeignKey(ChannelAccount, on_delete=models.CASCADE, related_name="+")
    uid_validity = models.BigIntegerField(db_default=0)
    """Of the server's numbers; 0 until it was read once."""
    last_uid = models.BigIntegerField(db_default=0)
    due_at = models.DateTimeField()
    """When it is read next; while a worker reads it, the end of its lease."""
    read_at = models.DateTimeField(null=True)
    """When it was last read without a fault."""
    fault = models.TextField(db_default="")
    """Why it cannot be read, in words for the merchant; empty while it can."""
    faults = models.IntegerField(db_default=0)
    """How often in a row it could not be read."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "account"], name="replymailbox_account_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "due_at"], name="replymailbox_due_idx")]

    def __str__(self) -> str:
        return f"mailbox of account {self.account_id}"
