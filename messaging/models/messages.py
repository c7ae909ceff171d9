"""Every message with its fate, and what happened to it after it left."""

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce, Now

from crm.choices import Channel
from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import MessageClass, MessageStatus, Outcome, TouchKind
from messaging.models.channels import ChannelAccount
from messaging.models.content import Template


class Message(TenantModel):
    """One send: one key for ever, its fate, and every gate it passed or failed."""

    key = models.TextField()
    """``flow:{run}:{node}:{visit}`` and the like."""
    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    channel = models.TextField(choices=Channel.choices)
    message_class = models.TextField(choices=MessageClass.choices)
    template = TenantForeignKey(Template, on_delete=models.PROTECT, related_name="+")
    account = TenantForeignKey(
        ChannelAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )
    """Over which it left; None: the installation's own mail server, or it has not left."""
    flow_id = models.BigIntegerField(null=True)
    flow_run_id = models.BigIntegerField(null=True)
    node_id = models.TextField(db_default="")
    campaign_id = models.BigIntegerField(null=True)
    """Of the apps above; the node of a campaign's message is the letter of its variant."""
    context = models.JSONField(default=dict)
    """Ids the template needs: ``order_id``, ``event_id``."""
    status = models.TextField(choices=MessageStatus.choices, db_default=MessageStatus.PENDING)
    reason = models.TextField(db_default="")
    detail = models.TextField(db_default="")
    gates = models.JSONField(null=True)
    """``[{"gate", "passed", "detail"}]`` in the order they were asked."""
    address = models.TextField(db_default="")
    subject = models.TextField(db_default="")
    message_id = models.TextField(db_default="")
    """RFC 5322 Message-ID; the same when it is sent again."""
    provider_id = models.TextField(db_default="")
    """What the provider calls it; its callbacks name it so."""
    parts = models.SmallIntegerField(db_default=1)
    """Into how many SMS it was cut."""
    is_resend = models.BooleanField(db_default=False)
    """Outcome unknown, sent again (transactional only, once)."""
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    """When it is looked at next; while it is being sent, the end of the worker's lease."""
    planned_at = models.DateTimeField(db_default=Now())
    """The first ``due_at``, or the end of the quiet hours it waited for; lateness counts so."""
    created_at = models.DateTimeField(db_default=Now())
    claim_id = models.UUIDField(null=True)
    """Of the worker that holds or held it; its outcome counts only under this id."""
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True)
    complained_at = models.DateTimeField(null=True)
    outcome = models.GeneratedField(
        expression=Case(
            When(status=MessageStatus.SENT, complained_at__isnull=False, then=Value("complained")),
            When(status=MessageStatus.SENT, bounced_at__isnull=False, then=Value("bounced")),
            When(status=MessageStatus.SENT, clicked_at__isnull=False, then=Value("clicked")),
            When(status=MessageStatus.SENT, opened_at__isnull=False, then=Value("opened")),
            When(status=MessageStatus.SENT, delivered_at__isnull=False, then=Value("delivered")),
            default=F("status"),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(choices=Outcome.choices),
        db_persist=True,
    )
    """The status, and of a sent message how far it got."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="message_key_uniq")]
        indexes = [
            models.Index(
                fields=["tenant", "channel", "due_at"],
                name="message_due_idx",
                condition=models.Q(status__in=["pending", "sending"]),
            ),
            # What goes before all marketing that waits.
            models.Index(
                fields=["tenant", "channel", "due_at"],
                name="message_urgent_idx",
                condition=models.Q(
                    status="pending",
                    message_class__in=["transactional", "safety", "service"],
                ),
            ),
            models.Index(fields=["tenant", "profile", "-id"], name="message_profile_idx"),
            # What waits for somebody, for claims and for what wants the same slot.
            models.Index(
                fields=["tenant", "profile"],
                name="message_open_idx",
                condition=models.Q(status__in=["pending", "sending"]),
            ),
            # What somebody got lately, for the limits.
            models.Index(
                "tenant",
                "profile",
                Coalesce("sent_at", "claimed_at").desc(),
                name="message_left_idx",
                condition=models.Q(
                    status__in=["sent", "unknown"],
                    message_class__in=["promotional", "behavioural"],
                ),
            ),
            models.Index(fields=["tenant", "flow_id", "status"], name="message_flow_idx"),
            models.Index(
                fields=["tenant", "campaign_id", "profile"],
                name="message_campaign_idx",
                condition=models.Q(campaign_id__isnull=False),
            ),
            models.Index(
                fields=["tenant", "status"],
                name="message_problem_idx",
                condition=models.Q(status__in=["failed", "unknown"]),
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="message_created_idx"),
            models.Index(
                fields=["tenant", "outcome", "-created_at", "-id"], name="message_outcome_idx"
            ),
            models.Index(
                fields=["tenant", "reason", "-created_at", "-id"],
                name="message_reason_idx",
                condition=~models.Q(reason=""),
            ),
            models.Index(fields=["tenant", "template", "-created_at"], name="message_template_idx"),
            models.Index(
                fields=["tenant", "account", "provider_id"],
                name="message_provider_idx",
                condition=~models.Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class Touch(TenantModel):
    """What a recipient or a server did with a message. Flagged, never dropped."""

    message = TenantForeignKey(Message, on_delete=models.CASCADE, related_name="touches")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField(choices=TouchKind.choices)
    at = models.DateTimeField()
    url = models.TextField(db_default="")
    user_agent = models.TextField(db_default="")
    ip = models.GenericIPAddressField(null=True)
    is_bot = models.BooleanField(db_default=False)
    is_mpp = models.BooleanField(db_default=False)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "message", "kind"], name="touch_message_idx"),
            models.Index(fields=["tenant", "profile", "kind", "-at"], name="touch_profile_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"
