"""The points ledger: entries are appended, the balance is their sum."""

from decimal import Decimal

from django.db import models
from django.db.models.functions import Now

from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from loyalty.choices import EntryKind, TierNeeds, TierWindow


class Program(TenantModel):
    """The rules of a tenant's points. One row per tenant; a change makes a new ``version``."""

    name = models.TextField(default="Points")
    points_per_unit = models.DecimalField(max_digits=10, decimal_places=4, default=1)
    """Points per whole unit of the tenant's currency paid."""
    value_per_point = models.DecimalField(
        max_digits=12, decimal_places=6, default=Decimal("0.01"), db_default=Decimal("0.01")
    )
    """What one point is worth in whole units of the tenant's currency; only figures use it."""
    version = models.IntegerField(default=1)
    """Of what orders earn; entries name the one they were posted at."""
    is_active = models.BooleanField(default=True)
    expires_after_months = models.IntegerField(null=True)
    """Of lots that are made from now on, counted from the day they were earned; None: never."""
    pending_days = models.IntegerField(default=0, db_default=0)
    """How long after an order its points cannot be used yet."""
    tier_window = models.TextField(
        choices=TierWindow.choices, default=TierWindow.ROLLING, db_default=TierWindow.ROLLING
    )
    grace_days = models.IntegerField(default=30, db_default=30)
    """How long somebody keeps a tier that their figures no longer merit."""
    tier_cursor = models.BigIntegerField(null=True)
    """Profile up to which everybody was decided under a new ladder; None: all are."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="program_tenant_uniq")]

    def __str__(self) -> str:
        return self.name


class Tier(TenantModel):
    """One rung of the ladder. A threshold that is None is not asked."""

    name = models.TextField()
    rank = models.SmallIntegerField()
    """1 is the lowest."""
    min_spend_minor = models.BigIntegerField(null=True)
    """Net of refunds, in minor units of the tenant's currency."""
    min_orders = models.IntegerField(null=True)
    min_points = models.BigIntegerField(null=True)
    needs = models.TextField(choices=TierNeeds.choices, default=TierNeeds.ANY)
    multiplier = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    """Of the points that orders earn; None: as everybody."""
    benefits = models.TextField(default="")
    """What people get, in the merchant's words."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "rank"], name="tier_rank_uniq")]

    def __str__(self) -> str:
        return self.name


class PointsAccount(TenantModel):
    """Cached balance of one profile; ``verify`` compares it with the sum of the entries."""

    pk = models.CompositePrimaryKey("tenant_id", "profile_id")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    balance = models.BigIntegerField(db_default=0)
    due_at = models.DateTimeField(null=True)
    """When time alone moves one of its lots next: usable, a warning, expired; None: never."""
    tier_id = models.BigIntegerField(null=True)
    """Of `Tier`, which may be gone until everybody was decided under the new ladder."""
    tier_since = models.DateTimeField(null=True)
    tier_falls_at = models.DateTimeField(null=True)
    """When it ends unless it is merited again; None: it is merited."""
    tier_due_at = models.DateTimeField(null=True)
    """When time alone may change that next; None: never."""

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "balance", "profile"], name="pointsaccount_balance_idx"),
            models.Index(
                fields=["tenant", "due_at"],
                name="pointsaccount_due_idx",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "tier_due_at"],
                name="pointsaccount_tier_due_idx",
                condition=models.Q(tier_due_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "tier_id", "profile"],
                name="pointsaccount_tier_idx",
                condition=models.Q(tier_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.balance} of {self.profile_id}"


class TierChange(TenantModel):
    """That somebody moved between tiers, with what they had done by then; never changed."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    from_tier = models.TextField()
    """Name; empty for none. So is ``to_tier``."""
    to_tier = models.TextField()
    direction = models.TextField()
    """One of the words of `domain.tiers`: up, down, joined, left."""
    spend_minor = models.BigIntegerField()
    order_count = models.IntegerField()
    points = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "profile", "-id"], name="tierchange_profile_idx")]

    def __str__(self) -> str:
        return f"{self.from_tier} to {self.to_tier}"


class PointsEntry(TenantModel):
    """One movement, never changed. ``source_key`` names its cause once per kind.

    Only the note of an adjustment goes, when its person is erased.
    """

    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=EntryKind.choices)
    points = models.BigIntegerField()
    source_key = models.TextField()
    """``order:<id>``, ``refund:<id>``."""
    order_id = models.BigIntegerField(null=True)
    rule_version = models.IntegerField(db_default=1)
    rate = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    """Points per unit that applied; a reversal uses the rate of the entry it reverses."""
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    actor = models.TextField(db_default="system")
    note = models.TextField(db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "source_key"], name="pointsentry_source_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "profile", "-id"], name="pointsentry_profile_idx"),
            models.Index(fields=["tenant", "order_id"], name="pointsentry_order_idx"),
            models.Index(fields=["tenant", "effective_at", "id"], name="pointsentry_effective_idx"),
            models.Index(
                fields=["tenant", "kind", "effective_at", "id"], name="pointsentry_kind_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points}"


class PointsLot(TenantModel):
    """What is left of the points of one entry above zero, and until when. Its id is the entry's.

    What an account has left in its lots is its balance, or nothing where that is below zero.
    """

    profile = TenantForeignKey(Profile, on_delete=models.PROTECT, related_name="+")
    order_id = models.BigIntegerField(null=True)
    """Whose refunds take from this lot first."""
    earned = models.BigIntegerField()
    remaining = models.BigIntegerField()
    is_pending = models.BooleanField(db_default=False)
    """Whether they cannot be used yet; the clock sets them free at ``activates_at``."""
    activates_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    """None: never. The last second of a day of the tenant's zone."""
    warned = models.SmallIntegerField(db_default=0)
    """How many of the warnings of `domain.lots.WARNINGS` are behind it."""
    lapses = models.SmallIntegerField(db_default=0)
    """How often it expired: again only where an undone merge gave something back."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(remaining__gte=0, remaining__lte=models.F("earned")),
                name="pointslot_remaining_check",
            )
        ]
        indexes = [models.Index(fields=["tenant", "profile"], name="pointslot_profile_idx")]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.earned}"


class PointsDay(TenantModel):
    """What moved on a day of the tenant's calendar, by kind; written with the entries."""

    pk = models.CompositePrimaryKey("tenant_id", "day", "kind")
    day = models.DateField()
    """Of `PointsEntry.effective_at`, in the zone of `PointsCalendar`."""
    kind = models.TextField(choices=EntryKind.choices)
    points = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.points} on {self.day} ({self.kind})"


class PointsCalendar(TenantModel):
    """In which zone a tenant's days are cut; whoever cuts them anew locks this row alone."""

    zone = models.TextField()
    """IANA."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="pointscalendar_tenant_uniq")
        ]

    def __str__(self) -> str:
        return f"days of {self.zone}"


class HolderCount(TenantModel):
    """How many accounts are above zero: the sum of a tenant's rows.

    Each writer takes a row that nobody holds, or makes one, so that none ever waits; there are as
    many as there once were writers at the same time. One row alone may be below zero.
    """

    holders = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.holders} holders"
