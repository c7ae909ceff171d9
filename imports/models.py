"""Files that people bring, how they are read, and what became of their rows."""

from django.db import models

from crm.models import Store
from imports.choices import Kind, MoveStage, Outcome, Stage
from kernel.tenancy import TenantForeignKey, TenantModel


class Import(TenantModel):
    """One file on its way in: uploaded, mapped, checked, run."""

    kind = models.TextField(choices=Kind.choices)
    stage = models.TextField(choices=Stage.choices, default=Stage.UPLOADED)
    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    """The store that customer ids and order ids belong to."""
    filename = models.TextField()
    path = models.TextField(default="", blank=True)
    """Below the media folder, unpacked, without byte order mark; empty once it was deleted."""
    size = models.BigIntegerField()
    lines = models.BigIntegerField()
    """Lines of the file; a quoted value may hold several, so there are at most as many rows."""
    layout = models.JSONField()
    """How its bytes are read (`imports.types.Layout`)."""
    header = models.JSONField()
    header_key = models.CharField(max_length=32)
    """Digest of the header: the next file with the same one is mapped as this one was."""
    samples = models.JSONField()
    """The first rows, to show what a column holds."""
    mapping = models.JSONField(default=list)
    """Target by place of the column; see `imports.domain.mapping`."""
    options = models.JSONField(default=dict)
    row_count = models.BigIntegerField(default=0)
    checked = models.JSONField(default=dict)
    """Counts of the dry run (`imports.types.Counts`)."""
    counts = models.JSONField(default=dict)
    """Counts of the run."""
    problems = models.JSONField(default=list)
    """Why rows were not taken: outcome, words, rows, and the places of the first ones."""
    applied_to = models.BigIntegerField(default=0)
    """``first`` of the last rows that were applied: a run that was stopped goes on behind them."""
    job_id = models.BigIntegerField(null=True)
    """The background job that works or worked on it last."""
    actor = models.TextField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    """When file and rows are deleted, unless a job goes on with them; None once they are."""
    undone = models.JSONField(default=dict)
    """Counts of the undo (`imports.types.Undone`)."""
    undo_cursor = models.JSONField(default=dict)
    """Kind and id of the last thing that the undo went through."""
    undo_until = models.DateTimeField(null=True)
    """Until when it can be undone; what that needs is deleted then. None once it is."""

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "kind", "header_key", "-id"],
                name="import_header_idx",
                condition=~models.Q(mapping=[]),
            ),
            models.Index(
                fields=["tenant", "expires_at"],
                name="import_expires_idx",
                condition=models.Q(expires_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "undo_until"],
                name="import_undo_idx",
                condition=models.Q(undo_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class ImportRow(TenantModel):
    """One row of a file, as text, until the import is swept."""

    pk = models.CompositePrimaryKey("tenant_id", "source_id", "place")
    source = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="+")
    place = models.BigIntegerField()
    """Counted from 1 below the header."""
    first = models.BigIntegerField()
    """Place of the first row about the same order, person, statement or event."""
    cells = models.JSONField()
    outcome = models.TextField(choices=Outcome.choices, db_default="")
    reason = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "source", "first", "place"], name="importrow_first_idx"),
            models.Index(
                fields=["tenant", "source", "outcome", "place"],
                name="importrow_problem_idx",
                condition=~models.Q(outcome=""),
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.place} of {self.source_id}"


class ImportKey(TenantModel):
    """What a row is about, and which row of the file was the first about it."""

    pk = models.CompositePrimaryKey("tenant_id", "source_id", "key")
    source = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="+")
    key = models.UUIDField()
    """Digest of an identifier or of a whole row."""
    place = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key} in row {self.place}"


class ImportChange(TenantModel):
    """What an import did to one thing, so that it can be undone (`crm.types.Change`)."""

    pk = models.CompositePrimaryKey("tenant_id", "source_id", "kind", "object_id")
    source = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField()
    object_id = models.BigIntegerField()
    profile_id = models.BigIntegerField(null=True)
    before = models.JSONField(null=True)
    """As it was, as far as it changed; None: the import created it."""
    after = models.JSONField()
    """By what it is known that nothing newer changed it."""
    kept = models.TextField(db_default="")
    """Why an undo left it as it is, for people; empty: it did not."""

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "source", "kind", "object_id"],
                name="importchange_kept_idx",
                condition=~models.Q(kept=""),
            ),
            # Erasing people forgets what they were before.
            models.Index(
                fields=["tenant", "profile_id"],
                name="importchange_profile_idx",
                condition=models.Q(before__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} of {self.source_id}"


class Move(TenantModel):
    """One move from another tool: what is fetched there becomes files, and each file an import."""

    account = models.TextField()
    """Whose account it is there."""
    key_encrypted = models.TextField(default="", blank=True)
    """Its API key; empty once nothing is fetched any more."""
    lists = models.JSONField(default=list)
    """Id and name of the lists of the account."""
    stage = models.TextField(choices=MoveStage.choices, default=MoveStage.CHOOSING)
    steps = models.JSONField(default=list)
    """What is fetched, in order (`imports.types.Step`)."""
    at = models.IntegerField(default=0)
    """Place of the step at work."""
    address = models.TextField(default="", blank=True)
    """Of its next page; empty: the first one."""
    lease = models.TextField(default="", blank=True)
    lease_until = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    detail = models.TextField(default="", blank=True)
    """Why it waits or stopped, for people."""
    actor = models.TextField()
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "wake_at"],
                name="move_wake_idx",
                condition=models.Q(stage__in=["fetching", "waiting"]),
            )
        ]

    def __str__(self) -> str:
        return f"move of {self.account}"
