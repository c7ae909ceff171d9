"""The inbound edge: how a storefront is known, and every delivery as it came."""

from django.db import models
from django.db.models.functions import Now

from crm.models import Store
from kernel.tenancy import TenantForeignKey, TenantModel
from stores.choices import (
    DayStatus,
    DeliverySource,
    DeliveryStatus,
    Refusal,
    SyncStatus,
    WriteKind,
    WriteState,
)


class Connection(TenantModel):
    """Secrets and address of one store's webhooks. The token lies in `tenants.AccessToken`."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    token = models.CharField(max_length=64)
    secret_encrypted = models.TextField(default="", blank=True)
    """Signing secret, encrypted at rest (`kernel.secrets`)."""
    previous_secret_encrypted = models.TextField(default="", blank=True)
    """Still accepted for an hour after ``rotated_at``."""
    rotated_at = models.DateTimeField(null=True)
    credentials_encrypted = models.TextField(default="", blank=True)
    """JSON object of API credentials, encrypted."""
    pull_due_at = models.DateTimeField(null=True)
    """When the platform is asked for what webhooks missed; None before a pull was finished."""
    audit_due_at = models.DateTimeField(null=True)
    """When its orders are compared with the platform's next; None before the first time."""
    fetch_at = models.DateTimeField(null=True)
    """When what webhooks name is fetched again, or taken from a worker that died; None: now."""
    fetch_tries = models.SmallIntegerField(db_default=0)
    """How often in a row something could not be fetched."""
    fetch_detail = models.TextField(db_default="")
    """Why what webhooks name cannot be fetched, for people; empty where it can."""
    register_due_at = models.DateTimeField(null=True)
    """When the platform is told next where its webhooks go; None: it need not be."""
    registered_at = models.DateTimeField(null=True)
    """When it was last seen to know; None where it was never told."""
    register_detail = models.TextField(db_default="")
    """Why it could not be told, for people."""
    register_tries = models.SmallIntegerField(db_default=0)
    """How often in a row it did not answer."""
    missing_topics = models.JSONField(default=list)
    """Topics that it does not take, each with the reason."""
    stray_tokens = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """Earlier tokens to whose addresses the platform may send still, until it is told."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "store"], name="connection_store_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "pull_due_at"],
                name="connection_pull_idx",
                condition=models.Q(pull_due_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "register_due_at"],
                name="connection_register_idx",
                condition=models.Q(register_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"connection of store {self.store_id}"


class InboxDelivery(TenantModel):
    """One delivery as it arrived: raw body and headers, and what became of it."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    delivery_id = models.TextField()
    """The platform's id, stable over its retries (Shopify: ``X-Shopify-Webhook-Id``)."""
    topic = models.TextField()
    source = models.TextField(choices=DeliverySource.choices, db_default=DeliverySource.WEBHOOK)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    status = models.TextField(choices=DeliveryStatus.choices, db_default=DeliveryStatus.PENDING)
    reason = models.TextField(db_default="")
    """Why it was quarantined or ignored, for people."""
    attempts = models.SmallIntegerField(db_default=0)
    triggered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)
    order_external_id = models.TextField(db_default="")
    """The store's id of the order that it was about; empty for one about none."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "delivery_id"], name="inboxdelivery_id_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "store", "id"],
                name="inboxdelivery_waiting_idx",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["tenant", "store", "status", "-id"],
                name="inboxdelivery_unapplied_idx",
                condition=models.Q(status__in=["quarantined", "ignored"]),
            ),
            models.Index(fields=["tenant", "store", "-id"], name="inboxdelivery_store_idx"),
            models.Index(
                fields=["tenant", "received_at"],
                name="inboxdelivery_tracked_idx",
                condition=models.Q(source="tracking", status="applied"),
            ),
            models.Index(
                fields=["tenant", "store", "order_external_id", "-id"],
                name="inboxdelivery_order_idx",
                condition=~models.Q(order_external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.delivery_id}"


class RefusedDeliveries(TenantModel):
    """How many deliveries of a store the edge turned away in one hour, by reason.

    The row of an hour of the day is used again a day later, so a store never has more than 24 for
    each reason, however much is posted.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField(choices=Refusal.choices)
    hour_of_day = models.SmallIntegerField()
    """In UTC, 0 to 23."""
    hour = models.DateTimeField()
    """Beginning of the hour that ``count`` is of."""
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store", "reason", "hour_of_day"],
                name="refuseddeliveries_hour_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} × {self.reason}"


class SyncRun(TenantModel):
    """One pull of what a platform knows. The cursor is written with what its page brought."""

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    status = models.TextField(choices=SyncStatus.choices, db_default=SyncStatus.QUEUED)
    since = models.DateTimeField(null=True)
    """Only what changed after it; None: everything."""
    cursor = models.JSONField(null=True)
    """Where to go on, in the platform's own words; None before the first answer."""
    expected = models.BigIntegerField(null=True)
    """Objects to come, as the platform counted them at the beginning."""
    read_count = models.BigIntegerField(db_default=0)
    written_count = models.BigIntegerField(db_default=0)
    unchanged_count = models.BigIntegerField(db_default=0)
    ignored_count = models.BigIntegerField(db_default=0)
    quarantined_count = models.BigIntegerField(db_default=0)
    detail = models.TextField(db_default="")
    """Why it waits, is paused or failed, for people."""
    tries = models.SmallIntegerField(db_default=0)
    """How often in a row the platform did not answer."""
    lease = models.TextField(db_default="")
    """Who works on it; another may when ``lease_until`` has passed."""
    lease_until = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "store"],
                name="syncrun_open_uniq",
                condition=models.Q(status__in=["queued", "running", "waiting", "paused"]),
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "store", "-id"], name="syncrun_store_idx"),
            models.Index(
                fields=["tenant", "wake_at"],
                name="syncrun_due_idx",
                condition=models.Q(status__in=["queued", "running", "waiting"]),
            ),
        ]

    def __str__(self) -> str:
        return f"pull {self.pk} of store {self.store_id}"


class StoreDay(TenantModel):
    """One day of a store's orders, ours compared with the platform's.

    Money is in the store's currency and counts only orders in it; the orders themselves are
    compared one by one, whatever their currency.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    """Of the tenant's calendar."""
    status = models.TextField(choices=DayStatus.choices, db_default=DayStatus.DUE)
    due_at = models.DateTimeField(db_default=Now())
    tries = models.SmallIntegerField(db_default=0)
    lease = models.TextField(db_default="")
    lease_until = models.DateTimeField(null=True)
    our_count = models.IntegerField(null=True)
    """Before anything was filled in; likewise the sum."""
    our_minor = models.BigIntegerField(null=True)
    their_count = models.IntegerField(null=True)
    their_minor = models.BigIntegerField(null=True)
    differences = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    """The first of them: ``id``, ``kind``, ``ours``, ``theirs``, ``is_mended``."""
    difference_count = models.IntegerField(db_default=0)
    mended_count = models.IntegerField(db_default=0)
    detail = models.TextField(db_default="")
    """Why it could not be compared, for people."""
    checked_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """How far it is compared, while the platform asks for patience (`domain/day_progress.py`)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "store", "day"], name="storeday_day_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="storeday_due_idx",
                condition=models.Q(status="due"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} of store {self.store_id}"


class WriteLane(TenantModel):
    """One kind of things that Patron writes to one store: whether it does, and when it goes on.

    One worker at a time holds a lane, so that a store is never written to from two sides.
    """

    store = TenantForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField(choices=WriteKind.choices)
    is_on = models.BooleanField(default=False, db_default=False)
    options = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What the merchant chose: the ``prefix`` of tags, the ``fields`` that are written, and the
    tags of segments that were left to the store (``kept``), also those that are given once more
    before that is noted of each customer (``again``)."""
    due_at = models.DateTimeField(null=True)
    """When something is written next; None: nothing waits, or the lane is off."""
    held_until = models.DateTimeField(null=True)
    """Until when nobody else takes it: a worker holds it, or the store asked for patience."""
    fill_after = models.BigIntegerField(null=True)
    """Profile up to which everybody was looked at after it was switched on; None: all were."""
    filled_at = models.DateTimeField(null=True)
    """When everybody had last been looked at."""
    tries = models.SmallIntegerField(db_default=0)
    """How often in a row the platform did not take anything."""
    detail = models.TextField(db_default="")
    """Why it rests, for people; empty where it goes on."""
    changed_at = models.DateTimeField(null=True)
    """When it was last switched on, off or over to other options."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "store", "kind"], name="writelane_kind_uniq")
        ]
        indexes = [
            models.Index(
                fields=["tenant", "due_at"],
                name="writelane_due_idx",
                condition=models.Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of store {self.store_id}"


class StoreWrite(TenantModel):
    """The newest wish for one customer or code of a store, and what became of it.

    A newer wish takes the place of an older one that waits, so that a store ends at the latest.
    """

    lane = TenantForeignKey(WriteLane, on_delete=models.CASCADE, related_name="+")
    subject = models.TextField()
    """The store's id of the customer, or the code in capitals."""
    value = models.JSONField()
    """How it shall be."""
    version = models.IntegerField(default=1, db_default=1)
    """Counts the wishes; what was written of an older one does not settle a newer one."""
    memo = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    """What there is of ours at the store, such as the tags that only Patron gave."""
    state = models.TextField(choices=WriteState.choices, db_default=WriteState.WAITING)
    urgency = models.SmallIntegerField(db_default=1)
    """0 goes out before 1."""
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    reason = models.TextField(db_default="")
    """Why it was refused or overtaken, or why it waits again, for people."""
    wished_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    """When something of it was last written; None for never."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lane", "subject"], name="storewrite_subject_uniq"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "lane", "urgency", "due_at", "id"],
                name="storewrite_waiting_idx",
                condition=models.Q(state="waiting"),
            ),
            models.Index(
                fields=["tenant", "lane", "-id"],
                name="storewrite_refused_idx",
                condition=models.Q(state="refused"),
            ),
            models.Index(
                fields=["tenant", "lane", "-sent_at"],
                name="storewrite_sent_idx",
                condition=models.Q(sent_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.state}"


class CodeRedemption(TenantModel):
    """That an order carries a code that its store was asked to take; follows the order.

    Written by whatever writes orders, in the same transaction (`services/redemptions.py`).
    """

    write = TenantForeignKey(StoreWrite, on_delete=models.CASCADE, related_name="+")
    order_id = models.BigIntegerField()
    """No reference: an order that is taken back takes its row with it."""
    redeemed_at = models.DateTimeField()
    """When it was ordered."""
    is_counted = models.BooleanField()
    """False of an order that was cancelled or voided, or is a test; a refunded one counts."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "order_id", "write"], name="coderedemption_order_uniq"
            )
        ]
        indexes = [models.Index(fields=["tenant", "write", "-id"], name="coderedemption_write_idx")]

    def __str__(self) -> str:
        return f"order {self.order_id}"


class CodeTally(TenantModel):
    """How often a code was redeemed; written with `CodeRedemption`, so that no page counts."""

    write = TenantForeignKey(StoreWrite, on_delete=models.CASCADE, related_name="+")
    redeemed_count = models.BigIntegerField()
    """Orders that count."""
    redeemed_at = models.DateTimeField(null=True)
    """The newest order that ever counted."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "write"], name="codetally_write_uniq")
        ]

    def __str__(self) -> str:
        return f"{self.redeemed_count} orders"
