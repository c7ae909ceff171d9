"""Groups of profiles: their definitions, who is in them, and RFM scores."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from crm.models import Profile, Store
from kernel.tenancy import TenantForeignKey, TenantModel
from segments.choices import Cause, PushForm, RfmMode, SegmentKind


class Segment(TenantModel):
    """A group of profiles: by a rule, or a list that was put together by hand."""

    key = models.TextField(default="", blank=True)
    """Stable word of a starter such as ``at_risk``; empty for the merchant's own."""
    kind = models.TextField(choices=SegmentKind.choices, default=SegmentKind.DYNAMIC)
    name = models.TextField()
    description = models.TextField(default="", blank=True)
    definition = models.JSONField()
    member_count = models.IntegerField(default=0)
    digest = models.TextField(db_default="", default="", blank=True)
    """What definitions of equal meaning have in common; empty until it is worked out."""
    refreshed_at = models.DateTimeField(null=True)
    """When it was last computed for everybody; None until the first time."""
    redefined_at = models.DateTimeField(null=True)
    """When what it asks changed; None once everybody was decided by it. Moves until then come of
    the definition and are quiet."""
    stopped_at = models.DateTimeField(null=True)
    """When asking it took too long or could not be done; its members stay as they were until it
    is changed."""
    stopped_seconds = models.SmallIntegerField(db_default=300, default=300)
    """How long it was allowed to take then: longer for everybody than for who just changed."""
    stopped_reason = models.TextField(db_default="", default="", blank=True)
    """Why it was stopped where it was not for its time: what is wrong with the definition."""
    tags = ArrayField(
        models.TextField(), db_default=models.Value([], ArrayField(models.TextField()))
    )
    """Words that people sort segments by, ascending."""
    archived_at = models.DateTimeField(null=True)
    """Since when it is not evaluated and has no members; None while it is."""
    used_at = models.DateTimeField(null=True)
    """When its members were last exported or copied; what flows do with it stands with them."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="segment_name_uniq"),
            models.UniqueConstraint(
                fields=["tenant", "key"], name="segment_key_uniq", condition=~models.Q(key="")
            ),
        ]
        indexes = [models.Index(fields=["tenant", "member_count", "id"], name="segment_size_idx")]

    def __str__(self) -> str:
        return self.name


class ListEntry(TenantModel):
    """That somebody was put on a list; the membership follows from it like from any rule."""

    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField()
    added_by = models.TextField(db_default="")
    """E-mail address of the member, or ``key:<hint>``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile", "segment"], name="listentry_profile_uniq"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "segment", "profile"], name="listentry_segment_idx")
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} on {self.segment_id}"


class SegmentPush(TenantModel):
    """That a store is told who is in a segment: members among its customers get a tag or field."""

    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    form = models.TextField(choices=PushForm.choices, db_default=PushForm.TAG, default=PushForm.TAG)
    tag = models.TextField()
    """As the store is told it; no other segment gives the same there, in whatever capitals. Of a
    metafield its name space and key, such as ``patron.segment_vip``."""
    begun_at = models.DateTimeField()
    begun_by = models.TextField()
    """E-mail address of the member, or ``key:<hint>``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "segment"], name="segmentpush_segment_uniq"
            ),
            models.UniqueConstraint(fields=["tenant", "store", "tag"], name="segmentpush_tag_uniq"),
        ]
        indexes = [models.Index(fields=["tenant", "segment"], name="segmentpush_of_segment_idx")]

    def __str__(self) -> str:
        return f"{self.tag} at store {self.store_id}"


class ListAside(TenantModel):
    """An entry of a profile that was merged into one that was on the list as well.

    It keeps the winner on the list, too, and goes back when the merge is undone.
    """

    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    """Who holds it: the winner."""
    loser_id = models.BigIntegerField()
    """Whose it was."""
    added_at = models.DateTimeField()
    added_by = models.TextField(db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "profile", "segment", "loser_id"], name="listaside_profile_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser_id} on {self.segment_id}, within {self.profile_id}"


class Membership(TenantModel):
    """All segments of one profile together: one shared scan writes them, differences only."""

    pk = models.CompositePrimaryKey("tenant_id", "profile_id")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    segment_ids = ArrayField(
        models.BigIntegerField(), db_default=models.Value([], ArrayField(models.BigIntegerField()))
    )
    """Ascending."""
    reeval_at = models.DateTimeField(null=True)
    """Earliest instant at which time alone can change any of them."""
    evaluated_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "reeval_at"],
                name="membership_reeval_idx",
                condition=models.Q(reeval_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_id}: {self.segment_ids}"


class MembershipChange(TenantModel):
    """One entry or exit, with what caused it.

    A log, as events are, whose references are plain ids: ten rows may come of one person, and to
    look each reference up again took longer than to write them. One statement alone writes here, of
    people and segments that it has just read; a segment takes its rows along, and people stay. Who
    moves alike with many others stands in `MembershipMove` instead; ids of both are one order.
    """

    profile_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    entered = models.BooleanField()
    """True: entered; False: left."""
    at = models.DateTimeField()
    cause = models.TextField(choices=Cause.choices)
    event_id = models.BigIntegerField(null=True)
    event_name = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "profile_id", "-at"], name="membershipchange_profile_idx"
            ),
            models.Index(
                fields=["tenant", "segment_id", "-id"], name="membershipchange_newest_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} {'in' if self.entered else 'out of'} {self.segment_id}"


class MembershipMove(TenantModel):
    """Many who entered, or left, one segment at once for one reason that is no event.

    A rebuild writes some hundreds of these in place of a `MembershipChange` for each person and
    segment. It is read as what it stands for, one entry or exit for each person, whose id is
    ``id << 13`` and the place among ``profile_ids`` (`sql/list_changes.sql`).
    """

    id = models.BigIntegerField(primary_key=True)
    """Of the same sequence as those of `MembershipChange`."""
    segment_id = models.BigIntegerField()
    part = models.BigIntegerField()
    """``profile_id >> 13``, which all of them share."""
    entered = models.BooleanField()
    at = models.DateTimeField()
    cause = models.TextField(choices=Cause.choices)
    people = models.IntegerField()
    profile_ids = ArrayField(models.BigIntegerField())

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "segment_id", "-id"], name="membershipmove_newest_idx"),
            models.Index(
                fields=["tenant", "part", "segment_id", "-id"], name="membershipmove_part_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.people} {'into' if self.entered else 'out of'} {self.segment_id}"


class MembershipDay(TenantModel):
    """Entries and exits of one segment on one day; written with `MembershipChange`.

    A chart reads these few rows, not every change of a large segment.
    """

    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    on = models.DateField()
    """Of the tenant's calendar; counted anew when its zone changes."""
    entered = models.IntegerField()
    left_count = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "segment", "on"], name="membershipday_on_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.on}: {self.entered} in, {self.left_count} out of {self.segment_id}"


class Upkeep(TenantModel):
    """What a tenant's full refresh waits for, one row per tenant.

    Whoever writes memberships or scores locks this row first, so that no two writers take the
    same difference.
    """

    changed_count = models.IntegerField(db_default=0)
    """Buyers whose figures changed since the scale was last cut."""
    due_at = models.DateTimeField(null=True)
    """When everything is to be scored and computed again; None: never yet."""
    cause = models.TextField(choices=Cause.choices, default=Cause.REFERENCE)
    audited_at = models.DateTimeField(null=True)
    """When live memberships were last compared with a full computation; None: never yet."""
    audited_count = models.IntegerField(db_default=0)
    """People that the last audit looked at."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="upkeep_tenant_uniq")]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="upkeep_due_idx",
                condition=models.Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.changed_count} changed, due {self.due_at}"


class Defect(TenantModel):
    """A membership that an audit found wrong, which is a fault of ours; repaired when recorded."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    segment = TenantForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    was_member = models.BooleanField()
    """What was stored; what is right is the opposite."""
    leaves = models.JSONField(default=list)
    """What had to hold all when it was found: conditions (``words``, ``actual``, ``holds``) and
    groups of them (``op``, ``holds``, ``parts``)."""
    found_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "-id"], name="defect_newest_idx")]

    @property
    def whole(self) -> dict[str, Any]:
        """All conditions as one group."""
        return {"op": "and", "parts": self.leaves}

    def __str__(self) -> str:
        return f"{self.profile_id} {'in' if self.was_member else 'not in'} {self.segment_id}"


class SegmentReference(TenantModel):
    """A figure of the whole tenant that a condition compares with, such as the top-10% line."""

    key = models.TextField()
    value = models.DecimalField(max_digits=30, decimal_places=6, null=True)
    """In minor units or as it is; None where nobody has one."""
    population = models.IntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="segmentreference_key_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


class RfmScale(TenantModel):
    """How the buyers of a tenant were last cut into scores; changed profiles are scored by it.

    One row per tenant. Bounds of quantile mode are the four lowest values of scores 2 to 5.
    """

    mode = models.TextField(choices=RfmMode.choices)
    forced_mode = models.TextField(choices=RfmMode.choices, default="", blank=True)
    """Set by the merchant; empty: quantile from 200 buyers on."""
    as_of = models.DateTimeField()
    """The instant the figures hold for; usually the night's, an older one after ``score``."""
    is_pinned = models.BooleanField(default=False)
    """True after ``score --as-of``: history is looked at, later events do not move it."""
    buyers = models.IntegerField()
    recency_bounds = ArrayField(models.DateField(), default=list)
    frequency_bounds = ArrayField(models.IntegerField(), default=list)
    monetary_bounds = ArrayField(models.BigIntegerField(), default=list)
    average_order_minor = models.BigIntegerField(null=True)
    thresholds = models.JSONField(null=True)
    """The merchant's own cuts of threshold mode (`domain.thresholds`); None: the usual ones."""
    is_recut = models.BooleanField(db_default=False)
    """Cut otherwise since the last scoring: moves by the next one start no flow."""
    scored_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="rfmscale_tenant_uniq")]

    def __str__(self) -> str:
        return f"{self.mode} over {self.buyers}"


class RfmScore(TenantModel):
    """R, F, M and group of one buyer, with the figures they came from."""

    pk = models.CompositePrimaryKey("tenant_id", "profile_id")
    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    recency = models.SmallIntegerField()
    frequency = models.SmallIntegerField()
    monetary = models.SmallIntegerField()
    group = models.TextField()
    previous_group = models.TextField(db_default="")
    last_order_on = models.DateField()
    order_count = models.IntegerField()
    net_minor = models.BigIntegerField()
    changed_at = models.DateTimeField()
    """When the group last changed."""
    scored_at = models.DateTimeField(null=True)
    """When the row was last written: what the facts have to take over."""

    class Meta:
        indexes = [models.Index(fields=["tenant", "group"], name="rfmscore_group_idx")]

    def __str__(self) -> str:
        return f"{self.recency}{self.frequency}{self.monetary} {self.group}"


class RfmSum(TenantModel):
    """Buyers and net revenue of one recency, frequency and group; written with `RfmScore`."""

    recency = models.SmallIntegerField()
    frequency = models.SmallIntegerField()
    group = models.TextField()
    profile_count = models.IntegerField()
    net_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "recency", "frequency", "group"], name="rfmsum_cell_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.profile_count} at {self.recency}{self.frequency} in {self.group}"


class GoodsChange(TenantModel):
    """A product whose brand changed, or whose category, and whose buyers are to be decided anew.

    Rows are only added, so that whoever writes a catalogue waits for nobody; one of a product that
    has not been begun covers all of them.
    """

    product_id = models.BigIntegerField()
    before_order_id = models.BigIntegerField(null=True)
    """Newer orders are done; None: not begun."""
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"product {self.product_id}"


class RfmDay(TenantModel):
    """How many buyers ordered last on a day of the merchant's; written with `RfmScore`."""

    pk = models.CompositePrimaryKey("tenant_id", "last_order_on")
    last_order_on = models.DateField()
    profile_count = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.profile_count} on {self.last_order_on}"


class BuyerSample(TenantModel):
    """Some buyers of a tenant with many, drawn evenly by the statement that scores them at night.

    A page that compares some with the rest looks at these, however many there are.
    """

    profile_ids = ArrayField(models.BigIntegerField())
    """Ascending."""
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="buyersample_tenant_uniq")]

    def __str__(self) -> str:
        return f"{len(self.profile_ids)} buyers"


class RfmHistory(TenantModel):
    """Size and revenue of each group by day; movement is charted from it."""

    on = models.DateField()
    group = models.TextField()
    profile_count = models.IntegerField()
    net_minor = models.BigIntegerField()
    order_count = models.BigIntegerField(null=True)
    """Orders in the look-back; None for days on which they were not counted yet."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "on", "group"], name="rfmhistory_on_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.group}"


class RfmChange(TenantModel):
    """One profile's move between groups."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    from_group = models.TextField(db_default="")
    to_group = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "profile", "-at"], name="rfmchange_profile_idx"),
            models.Index(fields=["tenant", "at"], name="rfmchange_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.from_group} → {self.to_group}"
