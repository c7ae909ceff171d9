"""Where messages are handed over, who they are from, and what providers told of them."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import Channel
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import CallbackKind, CallbackStatus


class ChannelAccount(TenantModel):
    """The merchant's account at a provider of one channel, over which messages leave."""

    channel = models.TextField(choices=Channel.choices)
    provider = models.TextField()
    """Its word in `messaging.channels.registry`, such as ``smtp`` or ``postmark``."""
    name = models.TextField()
    credentials_encrypted = models.TextField()
    """JSON of what logs in, encrypted at rest (`kernel.secrets`)."""
    options = models.JSONField(default=dict)
    """What is no secret, such as a region, or ``senders``: number by country."""
    price_currency = models.TextField(default="", blank=True)
    """ISO 4217, of `prices`; empty without any."""
    prices = models.JSONField(default=dict)
    """What one SMS part or one WhatsApp message costs, by country (`messaging.domain.prices`)."""
    is_default = models.BooleanField(default=False)
    """Messages of the channel that name no account leave over this one."""
    is_paused = models.BooleanField(default=False)
    paused_reason = models.TextField(default="", blank=True)
    paused_until = models.DateTimeField(null=True)
    """When it is tried again by itself; None: when somebody resumes it."""
    removed_at = models.DateTimeField(null=True)
    """When it was removed, with its credentials; the row stays for the messages it sent."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel"],
                condition=models.Q(is_default=True),
                name="channelaccount_default_uniq",
            )
        ]
        indexes = [models.Index(fields=["tenant", "channel"], name="channelaccount_channel_idx")]

    def __str__(self) -> str:
        return self.name


class Sender(TenantModel):
    """A from-identity."""

    name = models.TextField()
    email = models.EmailField()
    reply_to = models.EmailField(default="", blank=True)
    postal_address = models.TextField(default="", blank=True)
    is_default = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True)
    """When somebody opened the link that was sent to the address."""
    asked_at = models.DateTimeField(null=True)
    """When that link was last sent."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="sender_default_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class SendingDomain(TenantModel):
    """A domain that mails are sent and signed from, and how its records were last found."""

    domain = models.TextField()
    selector = models.TextField()
    dkim_key_encrypted = models.TextField()
    """Private key as PEM, encrypted at rest (`kernel.secrets`)."""
    dkim_public = models.TextField()
    """Public key as its record says it, base64."""
    return_path = models.TextField(default="", blank=True)
    """Address that bounces go to, once its records are in place; empty: that of the sender."""
    is_signing = models.BooleanField(default=False)
    """Whether the public key was found in place, so that mails are signed."""
    findings = models.JSONField(default=dict)
    """By record (``dkim``, ``dmarc``, ``spf``, and ``return_path`` where there is one): state,
    words, and the state that was known last."""
    checked_at = models.DateTimeField(null=True)
    check_due_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "domain"], name="sendingdomain_domain_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "check_due_at"], name="sendingdomain_due_idx")]

    def __str__(self) -> str:
        return self.domain


class ProviderCallback(TenantModel):
    """One thing that a provider told of a message; applied once, kept with what it led to."""

    account = TenantForeignKey(ChannelAccount, on_delete=models.CASCADE, related_name="+")
    dedupe_key = models.TextField()
    """The provider's id of what it tells, or a digest of it."""
    kind = models.TextField(choices=CallbackKind.choices)
    body = models.JSONField(default=dict)
    """A `messaging.channels.base.ProviderEvent` as JSON."""
    status = models.TextField(choices=CallbackStatus.choices, db_default=CallbackStatus.PENDING)
    detail = models.TextField(db_default="")
    tries = models.SmallIntegerField(db_default=0)
    received_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    """When it is looked at next: its message may not be committed yet."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "dedupe_key"], name="providercallback_dedupe_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="providercallback_due_idx",
                condition=models.Q(status=CallbackStatus.PENDING),
            ),
            models.Index(
                fields=["tenant", "status", "-received_at"], name="providercallback_status_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.dedupe_key}"
