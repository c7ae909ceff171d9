"""Automations: frozen versions, runs, and why somebody did not enter."""

from django.db import models
from django.db.models.functions import Now

from crm.models import Profile
from flows.choices import (
    EntryOutcome,
    FlowStatus,
    Refusal,
    ReviewStatus,
    RunStatus,
    TaskState,
)
from kernel.tenancy import TenantForeignKey, TenantModel


class Flow(TenantModel):
    """An automation; what it does is in its versions."""

    key = models.TextField(default="", blank=True)
    """Stable word of a library flow such as ``win_back``."""
    name = models.TextField()
    description = models.TextField(default="", blank=True)
    status = models.TextField(choices=FlowStatus.choices, default=FlowStatus.DRAFT)
    version_number = models.IntegerField(default=0)
    """Number of the live version; 0 before the first publication."""
    holdout = models.SmallIntegerField(default=0, db_default=0)
    """Share of those who would enter that gets nothing, in hundredths of a percent."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="flow_name_uniq")]

    def __str__(self) -> str:
        return self.name


class FlowVersion(TenantModel):
    """A frozen definition (JSON graph of the contract). Never changed."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    graph = models.JSONField()
    checksum = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.TextField(default="system")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "flow", "number"], name="flowversion_number_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.flow_id} v{self.number}"


class FlowRun(TenantModel):
    """One profile's passage through one version."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="runs")
    version = TenantForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    run_key = models.TextField()
    """By re-entry policy: constant, event id, or a property of the trigger."""
    trigger_event_id = models.BigIntegerField(null=True)
    trigger = models.JSONField(default=dict)
    """``event``, ``object_id``, ``occurred_at`` of what started it."""
    status = models.TextField(choices=RunStatus.choices, db_default=RunStatus.ACTIVE)
    exit_reason = models.TextField(db_default="")
    current_node = models.TextField(db_default="")
    visit = models.IntegerField(db_default=1)
    is_waiting = models.BooleanField(db_default=False)
    """At a wait: it was begun and ends at ``wake_at`` at the latest."""
    waits_for = models.TextField(db_default="")
    """What ends its wait beside time, such as ``variant:7``; empty: nothing that is nobody's."""
    context = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What the run carries along: ``wait`` (since and until when), ``coupon``."""
    wake_at = models.DateTimeField(null=True)
    """When the current node is due; None once the run is over or has failed."""
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "flow", "profile", "run_key"], name="flowrun_key_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "wake_at"],
                name="flowrun_due_idx",
                condition=models.Q(status="active"),
            ),
            models.Index(
                fields=["tenant", "waits_for", "id"],
                name="flowrun_waits_for_idx",
                condition=models.Q(status="active") & ~models.Q(waits_for=""),
            ),
            models.Index(fields=["tenant", "profile", "-id"], name="flowrun_profile_idx"),
            models.Index(fields=["tenant", "flow", "status"], name="flowrun_status_idx"),
            models.Index(fields=["tenant", "flow", "-id"], name="flowrun_flow_idx"),
            models.Index(fields=["tenant", "started_at"], name="flowrun_started_idx"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.flow_id}"


class RunStep(TenantModel):
    """One visit of a node."""

    run = TenantForeignKey(FlowRun, on_delete=models.CASCADE, related_name="steps")
    node_id = models.TextField()
    visit = models.IntegerField()
    result = models.TextField(db_default="")
    """``waited``, ``yes``, ``no``, ``queued``, ``exited: <reason>`` and so on."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "run", "node_id", "visit"], name="runstep_visit_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "-at"],
                name="runstep_alerted_idx",
                condition=models.Q(result="alerted"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.node_id} #{self.visit}"


class FlowEntry(TenantModel):
    """One attempt to enter a flow, also when it was refused."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    event_id = models.BigIntegerField()
    outcome = models.TextField(choices=EntryOutcome.choices)
    reason = models.TextField(choices=Refusal.choices, db_default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "flow", "event_id"], name="flowentry_event_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "-id"], name="flowentry_profile_idx"),
            models.Index(fields=["tenant", "flow", "-id"], name="flowentry_flow_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.reason}"


class FlowDraft(TenantModel):
    """What somebody is making of a flow; it need not be sound, and nobody runs it."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="drafts")
    graph = models.JSONField()
    revision = models.IntegerField(default=1)
    """Grows with each save, so that two editors know of each other."""
    edited_by = models.TextField(default="")
    edited_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "flow"], name="flowdraft_flow_uniq")
        ]

    def __str__(self) -> str:
        return f"draft of {self.flow_id}"


class HeldOut(TenantModel):
    """One who would have entered a flow and got nothing, so that its effect can be measured."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    version = TenantForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    run_key = models.TextField()
    """The key that the run would have had."""
    trigger_event_id = models.BigIntegerField(null=True)
    decision = models.JSONField(default=dict)
    """``trigger``, ``passed`` stages, ``share``, and the messages that ``would_have_sent``;
    ``everything`` of who is held out of all flows and campaigns."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "flow", "profile", "run_key"], name="heldout_key_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "flow", "-at"], name="heldout_flow_idx"),
            models.Index(fields=["tenant", "profile"], name="heldout_profile_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} held out of {self.flow_id}"


class DateScan(TenantModel):
    """When it is looked next whose date a live flow waits for; a row for each such flow."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    """When the flow was switched on: dates before then start nothing."""
    seen_until = models.DateTimeField()
    """Up to then all dates have been looked at."""
    until = models.DateTimeField(null=True)
    """Up to then the scan under way looks; None between two scans."""
    after = models.BigIntegerField(db_default=0)
    """The last profile that the scan under way has looked at."""
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "flow"], name="datescan_uniq")]
        indexes = [models.Index(fields=["tenant", "due_at"], name="datescan_due_idx")]

    def __str__(self) -> str:
        return f"dates of {self.flow_id}"


class WantedChange(TenantModel):
    """What changed of goods, or is new, until those were looked for who are interested."""

    event_id = models.BigIntegerField()
    event_name = models.TextField()
    occurred_at = models.DateTimeField()
    variant_id = models.BigIntegerField()
    """What the event is about: a variant, or a product that is new."""
    due_at = models.DateTimeField()
    after = models.BigIntegerField(db_default=0)
    """The last profile that was told of a new product."""
    tries = models.SmallIntegerField(db_default=0)
    """So many workers took it and have not told what became of it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "event_id"], name="wantedchange_event_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "due_at"], name="wantedchange_due_idx")]

    def __str__(self) -> str:
        return f"{self.event_name} of {self.variant_id}"


class ReviewItem(TenantModel):
    """A message of a run that waits until a member has looked at it.

    What it says is written when it is sent; nobody can send it after ``expires_at``.
    """

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    run = TenantForeignKey(FlowRun, on_delete=models.CASCADE, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    node_id = models.TextField()
    visit = models.IntegerField()
    status = models.TextField(choices=ReviewStatus.choices, db_default=ReviewStatus.WAITING)
    coupon_id = models.BigIntegerField(null=True)
    """The coupon that the run had chosen by then."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.TextField(db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "run", "node_id", "visit"], name="reviewitem_visit_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "flow", "-id"],
                name="reviewitem_waiting_idx",
                condition=models.Q(status="waiting"),
            ),
            models.Index(fields=["tenant", "profile"], name="reviewitem_profile_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.node_id} of run {self.run_id}"


class ABTest(TenantModel):
    """An A/B split of a live flow whose winner is found by itself."""

    flow = TenantForeignKey(Flow, on_delete=models.CASCADE, related_name="+")
    node_id = models.TextField()
    metric = models.TextField()
    """``opens``, ``clicks`` or ``revenue``."""
    winner = models.TextField(db_default="")
    """Name of the way that new people take; empty until one has won."""
    chances = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """How likely each way was the best one when it was measured last, by name."""
    recipients = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    decided_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    """When it is measured next; None once it is decided."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "flow", "node_id"], name="abtest_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="abtest_due_idx",
                condition=models.Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.node_id} of {self.flow_id}"


class Task(TenantModel):
    """Something that a member shall do for a person, such as a call; a run may wait for it."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    run = TenantForeignKey(FlowRun, null=True, on_delete=models.CASCADE, related_name="+")
    """The run whose step opened it; None for one that a member or program opened."""
    node_id = models.TextField(db_default="")
    visit = models.IntegerField(db_default=1)
    title = models.TextField()
    assignee = models.TextField(db_default="")
    """E-mail address of the member who shall do it; empty: whoever comes first."""
    due_at = models.DateTimeField(null=True)
    state = models.TextField(choices=TaskState.choices, db_default=TaskState.OPEN)
    created_at = models.DateTimeField()
    created_by = models.TextField()
    """A member, a key, or ``flow:`` with its id."""
    finished_at = models.DateTimeField(null=True)
    finished_by = models.TextField(db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "run", "node_id", "visit"], name="task_visit_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-id"], name="task_state_idx"),
            models.Index(fields=["tenant", "profile", "-id"], name="task_profile_idx"),
        ]

    def __str__(self) -> str:
        return self.title
