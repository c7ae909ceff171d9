"""Campaigns: one send to an audience, and who is in it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.choices import Channel
from crm.models import Profile
from flows.choices import CampaignState, Phase
from kernel.tenancy import TenantForeignKey, TenantModel

_NO_IDS = models.Value([], ArrayField(models.BigIntegerField()))


class Campaign(TenantModel):
    """One send to an audience at a time; its messages bear its id."""

    name = models.TextField()
    channel = models.TextField(choices=Channel.choices, default=Channel.EMAIL)
    state = models.TextField(choices=CampaignState.choices, db_default=CampaignState.DRAFT)
    resumes_to = models.TextField(db_default="")
    """The state that a paused or failed one goes on in."""
    reason = models.TextField(db_default="")
    """Why it failed, was paused or cancelled; for people."""
    template_ids = ArrayField(models.BigIntegerField(), db_default=_NO_IDS)
    """One, or the variants A, B, … of a test."""
    include_ids = ArrayField(models.BigIntegerField(), db_default=_NO_IDS)
    """Segments and lists whose members get it; ascending."""
    exclude_ids = ArrayField(models.BigIntegerField(), db_default=_NO_IDS)
    """Segments and lists whose members do not; ascending."""
    resend_of = TenantForeignKey("self", null=True, on_delete=models.CASCADE, related_name="+")
    """Who got that one and showed no sign of it is its audience, instead of segments."""
    plan = models.JSONField(default=dict)
    """When and how it is sent (`flows.domain.campaigns.plan`)."""
    version = models.IntegerField(db_default=1)
    """Counts the changes, so that nobody saves over what they have not seen."""
    starts_at = models.DateTimeField(null=True)
    """When its audience is taken; None while it is a draft."""
    due_at = models.DateTimeField(null=True)
    """When a worker looks at it next; None: it waits for nothing but people."""
    prior = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """Share of each hour in what everybody opened and clicked, when it began; of the best hour."""
    cursor = models.BigIntegerField(db_default=0)
    """The last profile that was looked at for the audience."""
    phase = models.TextField(choices=Phase.choices, db_default="", blank=True)
    phase_at = models.DateTimeField(null=True)
    """When the phase began, or went on after a pause; with a throttle, until when its share was
    released; of a test, when the last message of it still waited. Without a phase: when the last
    recipients may leave."""
    cell = models.SmallIntegerField(db_default=0)
    """The cell that is being released."""
    after_at = models.DateTimeField(null=True)
    after_slot = models.BigIntegerField(db_default=0)
    """Place of the last recipient of the cell that was released."""
    last_due_at = models.DateTimeField(null=True)
    """When its last recipient is due."""
    recipient_count = models.IntegerField(db_default=0)
    """Everybody in the audience, held out or not."""
    held_out_count = models.IntegerField(db_default=0)
    released_count = models.IntegerField(db_default=0)
    """Recipients whose message was queued, or would have been."""
    winner = models.SmallIntegerField(null=True)
    """Place of the template that everybody else gets; None before the test is decided."""
    verdict = models.TextField(db_default="")
    """Why that one won; for people."""
    figures = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What was counted of its messages at ``figured_at``, by variant."""
    groups = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What who was to get it and who was held out bought, likewise: people, total, squares."""
    figured_at = models.DateTimeField(null=True)
    created_by = models.TextField(db_default="")
    scheduled_by = models.TextField(db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "resend_of"],
                name="campaign_resend_uniq",
                condition=models.Q(resend_of__isnull=False)
                & ~models.Q(state=CampaignState.CANCELLED),
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="campaign_due_idx",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="campaign_created_idx"),
            models.Index(fields=["tenant", "state", "-created_at"], name="campaign_state_idx"),
            models.Index(fields=["tenant", "starts_at"], name="campaign_starts_idx"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        """Whether its time has come and it waits for segments; ``reason`` says for which."""
        waits = (CampaignState.SCHEDULED, CampaignState.PREPARING)
        return bool(self.reason) and self.state in waits

    @property
    def shown_state(self) -> str:
        """What is shown of its state."""
        return "waiting" if self.is_waiting else str(self.state)


class Recipient(TenantModel):
    """Somebody in the audience of a campaign, as it was when the campaign began.

    What became of them is not stored here: who was released has a message, which tells it. One is
    released when the place of its campaign has passed it: cell by cell, by ``due_at`` and ``slot``.
    """

    HELD_OUT = -1
    REST = 0

    pk = models.CompositePrimaryKey("tenant_id", "profile_id", "campaign_id", "channel")
    campaign = TenantForeignKey(Campaign, on_delete=models.CASCADE, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    channel = models.TextField(choices=Channel.choices)
    cell = models.SmallIntegerField()
    """-2: held out of everything; -1: held out; 0: gets the only template, or the winner; 1 and on:
    tests A, B, …"""
    due_at = models.DateTimeField()
    decision = models.JSONField(null=True)
    """Of who is held out, once everybody else was let go: ``would_have_sent``, ``reason``,
    ``gates``."""
    slot = models.BigIntegerField()
    """Place among those who are due at once: the profile that was found. A merge leaves it."""

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "campaign", "cell", "due_at", "slot"], name="recipient_slot_idx"
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} of {self.campaign_id}"
