"""Rollups: what a tenant's documents add up to by day, and the marks by which it is kept so.

A mark is what one document adds to the sums; it is kept so that a document that changes, moves
to another person or is erased is first taken out as it went in. Sums are sums of marks, always.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel


def _ids() -> models.Value:
    return models.Value([], ArrayField(models.BigIntegerField()))


class RollupState(TenantModel):
    """In which zone a tenant's days were cut; whoever writes marks and sums locks this row."""

    zone = models.TextField()
    """IANA; once it is not the tenant's any more everything is added up anew."""
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="rollupstate_tenant_uniq")]

    def __str__(self) -> str:
        return f"days of {self.zone}"


class RollupChange(TenantModel):
    """Documents and people that were written and not yet added up, one row per batch of them."""

    order_ids = ArrayField(models.BigIntegerField(), db_default=_ids())
    refund_ids = ArrayField(models.BigIntegerField(), db_default=_ids())
    profile_ids = ArrayField(models.BigIntegerField(), db_default=_ids())
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"change {self.pk}"


class OrderMark(TenantModel):
    """What one order that counts adds to the sums; money in the tenant's currency."""

    pk = models.CompositePrimaryKey("tenant_id", "order_id")
    order_id = models.BigIntegerField()
    profile_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    day = models.DateField()
    """Of the tenant's calendar, like every day here."""
    gross_minor = models.BigIntegerField()
    is_email = models.BooleanField()
    """Whether the last click on an email lies in the attribution window before it."""
    nth = models.SmallIntegerField()
    """1 and 2: the person's first and second order; 3: a later one; 0: nobody's."""
    opens_day = models.BooleanField()
    """Whether it is the person's first order of its day."""
    next_on = models.DateField(null=True)
    """The person's next day with an order, on the mark that opens the day."""

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "profile_id"], name="ordermark_profile_idx"),
            models.Index(fields=["tenant", "at"], name="ordermark_at_idx"),
        ]

    def __str__(self) -> str:
        return f"order {self.order_id} on {self.day}"


class RefundMark(TenantModel):
    """What one refund adds to the sums."""

    pk = models.CompositePrimaryKey("tenant_id", "refund_id")
    refund_id = models.BigIntegerField()
    profile_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    day = models.DateField()
    amount_minor = models.BigIntegerField()
    order_on = models.DateField(null=True)
    """The day of its order; None for a refund of a purchase that is not known."""
    is_email = models.BooleanField()
    """Whether its order is credited to email."""
    life_on = models.DateField(null=True)
    """From when it lowers what buyers were worth: not before the person's first order."""

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "profile_id"], name="refundmark_profile_idx"),
            models.Index(fields=["tenant", "at"], name="refundmark_at_idx"),
        ]

    def __str__(self) -> str:
        return f"refund {self.refund_id} on {self.day}"


class ProfileMark(TenantModel):
    """The day on which one profile was first known; merged ones have none."""

    pk = models.CompositePrimaryKey("tenant_id", "profile_id")
    profile_id = models.BigIntegerField()
    day = models.DateField()

    def __str__(self) -> str:
        return f"profile {self.profile_id} on {self.day}"


class DailyMetric(TenantModel):
    """What the documents of one day add up to; money in minor units of the tenant's currency."""

    pk = models.CompositePrimaryKey("tenant_id", "day")
    day = models.DateField()
    gross_minor = models.BigIntegerField(db_default=0)
    known_gross_minor = models.BigIntegerField(db_default=0)
    """The part of it that people paid who have a profile."""
    email_gross_minor = models.BigIntegerField(db_default=0)
    refunded_minor = models.BigIntegerField(db_default=0)
    """By the refund's own day."""
    life_refunded_minor = models.BigIntegerField(db_default=0)
    """Refunds to buyers, by `RefundMark.life_on`."""
    orders = models.BigIntegerField(db_default=0)
    buyers = models.BigIntegerField(db_default=0)
    """People who ordered on the day."""
    first_orders = models.BigIntegerField(db_default=0)
    second_orders = models.BigIntegerField(db_default=0)
    profiles = models.BigIntegerField(db_default=0)

    def __str__(self) -> str:
        return f"{self.day}"


class BuyerGap(TenantModel):
    """How many people ordered on a day and then next on a certain other day.

    Who bought in a period and who stayed away is counted from it: see decision 5.
    """

    pk = models.CompositePrimaryKey("tenant_id", "day", "next_on")
    day = models.DateField()
    next_on = models.DateField()
    people = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} to {self.next_on}: {self.people}"


class RefundSum(TenantModel):
    """What went back on a day for the orders of another day."""

    pk = models.CompositePrimaryKey("tenant_id", "order_on", "day")
    order_on = models.DateField()
    day = models.DateField()
    amount_minor = models.BigIntegerField()
    email_minor = models.BigIntegerField()
    """The part of orders that are credited to email."""

    def __str__(self) -> str:
        return f"{self.order_on} refunded on {self.day}"


class Dismissal(TenantModel):
    """What one member has seen and does not want to see again until it changes."""

    member_id = models.BigIntegerField()
    """Of a reference row; a plain number, so that removing a member needs no open scope."""
    key = models.TextField()
    """Of a notice, such as ``store.late:5``; ``start`` hides the first steps on Home."""
    mark = models.TextField()
    """How the notice stood; once it stands otherwise it shows again."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "member_id", "key"], name="dismissal_member_key_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} by {self.member_id}"


class NoticeCheck(TenantModel):
    """When the tenant is looked at next for what cannot wait."""

    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="noticecheck_tenant_uniq")]
        indexes = [models.Index(fields=["tenant", "due_at"], name="noticecheck_due_idx")]

    def __str__(self) -> str:
        return f"due at {self.due_at}"


class NoticeMail(TenantModel):
    """That a member was told of a notice by mail; it goes some time after the notice ended."""

    member_id = models.BigIntegerField()
    key = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "member_id", "key"], name="noticemail_member_key_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} to {self.member_id}"


class NoticeOptOut(TenantModel):
    """That a member wants no notices by mail."""

    member_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "member_id"], name="noticeoptout_member_uniq")
        ]

    def __str__(self) -> str:
        return f"none to {self.member_id}"


class EventVolume(TenantModel):
    """How many events of one name a store told of in one hour; history is left out."""

    pk = models.CompositePrimaryKey("tenant_id", "hour", "name", "store_id")
    hour = models.DateTimeField()
    name = models.TextField()
    store_id = models.BigIntegerField()
    """0: of no store."""
    count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.count} × {self.name} at {self.hour}"


class EventCount(TenantModel):
    """Up to which hour the events of a tenant are counted; whoever counts locks this row."""

    counted_until = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="eventcount_tenant_uniq")]
        indexes = [models.Index(fields=["tenant", "due_at"], name="eventcount_due_idx")]

    def __str__(self) -> str:
        return f"counted until {self.counted_until}"


class EventHealth(TenantModel):
    """One event name of one store as it stands: volume, band, and how it compares."""

    pk = models.CompositePrimaryKey("tenant_id", "name", "store_id")
    name = models.TextField()
    store_id = models.BigIntegerField()
    """0: of no store."""
    health = models.TextField()
    """A word of `analytics.domain.health.Health`."""
    since = models.DateTimeField()
    """Since when it is so."""
    window_from = models.DateTimeField()
    window_until = models.DateTimeField()
    window_count = models.BigIntegerField()
    low = models.BigIntegerField(null=True)
    usual = models.BigIntegerField(null=True)
    """None while the past says too little; likewise the ends of the band."""
    high = models.BigIntegerField(null=True)
    day_count = models.BigIntegerField()
    """Of the last 24 hours."""
    month_count = models.BigIntegerField()
    """Of the last 30 days."""

    def __str__(self) -> str:
        return f"{self.name}: {self.health}"
