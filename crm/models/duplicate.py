"""Profiles that may be one shopper, for people to decide, and when they are looked for."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.choices import DuplicateStatus
from crm.models.profile import Profile
from kernel.tenancy import TenantForeignKey, TenantModel


class ProbableDuplicate(TenantModel):
    """Two profiles that may be one shopper. ``one`` has the lower id.

    What was decided stays for ever. A pair of which a side was merged is set aside, and comes back
    when that merge is undone; meanwhile the winner has a row in its place.
    """

    one = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    other = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField(db_default="")
    """What records claimed of both, such as ``email``; empty where a search found them."""
    reasons = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """What the last search found, words of `DuplicateReason`."""
    score = models.SmallIntegerField(db_default=50)
    """How likely it is, 1 to 99 of a hundred; `crm.domain.likeness` says how."""
    status = models.TextField(choices=DuplicateStatus.choices, db_default=DuplicateStatus.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.TextField(db_default="")
    """E-mail address of the member who said that they are two people."""
    found_at = models.DateTimeField(null=True)
    """When a search last found them; None for one that records alone speak of."""
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "one", "other"], name="probableduplicate_pair_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "other"], name="probableduplicate_other_idx"),
            models.Index(
                fields=["tenant", "score", "id"],
                name="probableduplicate_open_idx",
                condition=models.Q(status="open"),
            ),
            models.Index(
                fields=["tenant", "decided_at", "id"],
                name="probableduplicate_apart_idx",
                condition=models.Q(status="apart"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"


class DuplicateSearch(TenantModel):
    """Where the search for probable duplicates of a tenant stands; whoever searches locks it."""

    due_at = models.DateTimeField(db_default=Now())
    """When the next part is looked at."""
    started_at = models.DateTimeField(null=True)
    """When the pass began that is under way; None between two."""
    finished_at = models.DateTimeField(null=True)
    """When the last whole pass ended."""
    part = models.IntegerField(db_default=0)
    """The next part of the pass, from 0."""
    parts = models.IntegerField(db_default=1)
    since = models.DateTimeField(null=True)
    """The pass, or the next one, looks at pairs of which a side was written from then on; None: at
    all."""
    full_at = models.DateTimeField(null=True)
    """When the last pass began that looked at all pairs; None: the next one does."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="duplicatesearch_tenant_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "due_at"], name="duplicatesearch_due_idx")]

    def __str__(self) -> str:
        return f"part {self.part} of {self.parts}"


class MergeRules(TenantModel):
    """Which probable duplicates of a tenant become one by themselves, and how many a day."""

    rules = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """Words of `MergeRule`; empty: a person decides everything."""
    per_day = models.IntegerField()
    due_at = models.DateTimeField(db_default=Now())
    """When it is looked again whether anything may be merged."""
    day = models.DateField(null=True)
    """The day of the tenant's zone that ``done`` counts."""
    done = models.IntegerField(db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="mergerules_tenant_uniq")]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="mergerules_due_idx",
                condition=~models.Q(rules=[]),
            )
        ]

    def __str__(self) -> str:
        return ", ".join(self.rules)
