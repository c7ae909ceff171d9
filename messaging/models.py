"""The outbound edge: where mail goes through, what it says, and every message with its fate."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now

from crm.choices import Channel
from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import Frequency, MessageClass, MessageStatus, Outcome, TouchKind


class ChannelAccount(TenantModel):
    """Where messages of one channel are handed over. Empty ``url``: the installation's own."""

    channel = models.TextField(choices=Channel.choices)
    name = models.TextField()
    url_encrypted = models.TextField(default="", blank=True)
    is_paused = models.BooleanField(default=False)
    paused_reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "channel"], name="channelaccount_channel_uniq"
            )
        ]

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
    is_signing = models.BooleanField(default=False)
    """Whether the public key was found in place, so that mails are signed."""
    findings = models.JSONField(default=dict)
    """By record (``dkim``, ``dmarc``, ``spf``): state, words, and the state that was known last."""
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


class Brand(TenantModel):
    """How the merchant looks and signs: in mails and on the pages that recipients open."""

    accent = models.CharField(max_length=7, default="#0f5c5c")
    """``#rrggbb``, lower case."""
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


class Topic(TenantModel):
    """What people can choose to get or not within marketing, such as news or restocks."""

    name = models.TextField()
    description = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="topic_name_uniq")]

    def __str__(self) -> str:
        return self.name


class Preferences(TenantModel):
    """What somebody wants of marketing beyond yes and no; without a row they want all of it."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    frequency = models.TextField(choices=Frequency.choices, db_default=Frequency.ALL)
    paused_until = models.DateTimeField(null=True)
    refused_topics = ArrayField(
        models.BigIntegerField(),
        db_default=models.Value([], ArrayField(models.BigIntegerField())),
    )
    """Ids of topics that they do not want, sorted; those of topics that are gone say nothing."""
    source = models.TextField(db_default="")
    """Where they last said so: ``preference_page``."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "profile"], name="preferences_profile_uniq")
        ]

    def __str__(self) -> str:
        return self.frequency


class Template(TenantModel):
    """What a message says: Liquid in MJML, compiled to HTML once when it is saved."""

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
    version = models.IntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "key"], name="template_key_uniq")]

    def __str__(self) -> str:
        return self.name


class Message(TenantModel):
    """One send: one key for ever, its fate, and every gate it passed or failed."""

    key = models.TextField()
    """``flow:{run}:{node}:{visit}`` and the like."""
    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    channel = models.TextField(choices=Channel.choices)
    message_class = models.TextField(choices=MessageClass.choices)
    template = TenantForeignKey(Template, on_delete=models.PROTECT, related_name="+")
    flow_id = models.BigIntegerField(null=True)
    flow_run_id = models.BigIntegerField(null=True)
    node_id = models.TextField(db_default="")
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
    is_resend = models.BooleanField(db_default=False)
    """Outcome unknown, sent again (transactional only, once)."""
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    """When it is looked at next; while it is being sent, the end of the worker's lease."""
    planned_at = models.DateTimeField(db_default=Now())
    """The first ``due_at``, from which lateness counts."""
    created_at = models.DateTimeField(db_default=Now())
    claim_id = models.UUIDField(null=True)
    """Of the worker that holds or held it; its outcome counts only under this id."""
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    outcome = models.GeneratedField(
        expression=Case(
            When(status=MessageStatus.SENT, clicked_at__isnull=False, then=Value("clicked")),
            When(status=MessageStatus.SENT, opened_at__isnull=False, then=Value("opened")),
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
                fields=["tenant", "due_at"],
                name="message_due_idx",
                condition=models.Q(status__in=["pending", "sending"]),
            ),
            models.Index(fields=["tenant", "profile", "-id"], name="message_profile_idx"),
            models.Index(fields=["tenant", "flow_id", "status"], name="message_flow_idx"),
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
