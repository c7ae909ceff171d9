"""What people and the merchant write to each other outside of campaigns and flows."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.choices import Channel, ConversationState, Direction
from crm.models.profile import Profile
from kernel.tenancy import TenantForeignKey, TenantModel


class Conversation(TenantModel):
    """All that one number or address and one account of the merchant wrote to each other."""

    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    """Whose number it is now; the thread follows the number."""
    channel = models.TextField(choices=Channel.choices)
    account_id = models.BigIntegerField()
    """Of the channel account that they wrote to."""
    address = models.TextField()
    """Theirs: E.164, or an e-mail address."""
    own_address = models.TextField(db_default="")
    """The merchant's number that they wrote to last."""
    state = models.TextField(choices=ConversationState.choices, db_default=ConversationState.OPEN)
    assignee = models.TextField(db_default="")
    """E-mail address of the member who answers; empty for nobody."""
    unread = models.IntegerField(db_default=0)
    """What they wrote since a member last opened or answered it."""
    last_text = models.TextField(db_default="")
    """Beginning of the newest message, whoever wrote it."""
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True)
    """When they last wrote: WhatsApp takes free text for a day after it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "account_id", "address"],
                name="conversation_address_uniq",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "state", "-last_message_at", "-id"],
                name="conversation_state_idx",
            ),
            models.Index(
                fields=["tenant", "assignee", "state", "-last_message_at", "-id"],
                name="conversation_assignee_idx",
            ),
            models.Index(
                fields=["tenant", "channel", "state", "-last_message_at", "-id"],
                name="conversation_channel_idx",
            ),
            models.Index(
                fields=["tenant", "profile", "-last_message_at"], name="conversation_profile_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}"


class ConversationMessage(TenantModel):
    """One message of a conversation."""

    conversation = TenantForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    direction = models.TextField(choices=Direction.choices)
    text = models.TextField(db_default="")
    media = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """Addresses of attachments at the provider, which asks for the account's key."""
    mail = models.JSONField(null=True)
    """Of a mail: ``subject``, ``original`` where a quote was cut away, ``attachments`` (name, type,
    size), ``references`` and ``doubt``; None on other channels."""
    at = models.DateTimeField()
    provider_id = models.TextField(db_default="")
    """What the provider calls one that came in; told twice it is kept once."""
    message_id = models.BigIntegerField(null=True)
    """Of the message that an answer left as, which knows what became of it."""
    author = models.TextField(db_default="")
    """E-mail address of the member who wrote an answer; empty for one that was automatic."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "conversation", "provider_id"],
                condition=~Q(provider_id=""),
                name="conversationmessage_provider_uniq",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "conversation", "-at", "-id"],
                name="conversationmessage_at_idx",
            )
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.at:%Y-%m-%d %H:%M}"
