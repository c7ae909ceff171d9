"""How the merchant looks, and what messages say."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.choices import Channel
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import MessageClass
from messaging.domain.fonts import PLAIN
from messaging.models.people import Topic


class Brand(TenantModel):
    """How the merchant looks and signs: in mails and on the pages that recipients open."""

    accent = models.CharField(max_length=7, default="#0f5c5c")
    """``#rrggbb``, lower case."""
    font = models.TextField(default=PLAIN)
    """A key of `messaging.domain.fonts.STACKS`."""
    logo_name = models.TextField(default="", blank=True)
    """File in the tenant's brand folder; its random name is what its public address shows."""
    logo_width = models.IntegerField(default=0)
    logo_height = models.IntegerField(default=0)
    postal_address = models.TextField(default="", blank=True)
    support_email = models.EmailField(default="", blank=True)
    website = models.URLField(default="", blank=True)
    links = models.JSONField(default=dict)
    """Address by name of a social network."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="brand_tenant_uniq")]

    def __str__(self) -> str:
        return self.accent


class Template(TenantModel):
    """What a message says; a mail is Liquid in MJML, compiled to HTML once when it is saved."""

    key = models.TextField()
    name = models.TextField()
    channel = models.TextField(choices=Channel.choices, default=Channel.EMAIL)
    message_class = models.TextField(choices=MessageClass.choices)
    topic = TenantForeignKey(Topic, on_delete=models.PROTECT, null=True, related_name="+")
    """Who refuses it does not get this; None: everybody who gets marketing does."""
    subject = models.TextField()
    preheader = models.TextField(default="", blank=True)
    mjml = models.TextField()
    html = models.TextField()
    """MJML compiled; Liquid still inside."""
    text = models.TextField()
    """The plain part of a mail; the whole text of an SMS or a push message."""
    content = models.JSONField(default=dict)
    """What only one channel has, such as ``url`` of a push, or name and variables of WhatsApp."""
    tags = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """What it is about, such as ``educational``: for conditions and reports; sorted."""
    is_archived = models.BooleanField(db_default=False)
    version = models.IntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="template_key_uniq")]
        indexes = [
            models.Index(
                fields=["tenant", "is_archived", "-updated_at", "-id"], name="template_updated_idx"
            )
        ]

    def __str__(self) -> str:
        return self.name
