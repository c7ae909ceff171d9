"""Recorded facts, and who still has to react to them."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import EventSource
from crm.domain.carts import CART_EVENTS
from kernel.tenancy import TenantModel


class Event(TenantModel):
    """Something that happened, appended once. Partitioned by ``occurred_at``.

    The database key is (tenant_id, occurred_at, id); references to events are plain ids.
    """

    name = models.TextField()
    """Title Case, such as ``Order Placed``."""
    occurred_at = models.DateTimeField()
    profile_id = models.BigIntegerField(null=True)
    store_id = models.BigIntegerField(null=True)
    object_id = models.BigIntegerField(null=True)
    """Our id of what it is about: order, refund, message, segment, product."""
    source = models.TextField(choices=EventSource.choices)
    properties = models.JSONField(default=dict)
    is_backfill = models.BooleanField(default=False)
    """History: recorded, but starts no flow."""
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "profile_id", "-occurred_at"], name="event_profile_idx"),
            models.Index(fields=["tenant", "name", "-occurred_at"], name="event_name_idx"),
            # The key begins with the time, so an id alone would read every event of the tenant.
            models.Index(fields=["tenant", "id"], name="event_id_idx"),
            # A visitor has hundreds of events for each that says something of the cart.
            models.Index(
                fields=["tenant", "profile_id", "-occurred_at"],
                name="event_cart_idx",
                condition=models.Q(name__in=sorted(CART_EVENTS)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.occurred_at}"


class EventKey(TenantModel):
    """That an event was recorded: the dedupe key of each event that has one."""

    pk = models.CompositePrimaryKey("tenant_id", "dedupe_key")
    dedupe_key = models.TextField()
    event_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.dedupe_key


class Reaction(TenantModel):
    """An event that handlers still have to see.

    ``stage`` is the place of the next handler in `config/event_handlers.py`; each handler's
    transaction moves the row on, and the last one deletes it.
    """

    event_id = models.BigIntegerField()
    occurred_at = models.DateTimeField()
    event_name = models.TextField()
    profile_id = models.BigIntegerField(null=True)
    object_id = models.BigIntegerField(null=True)
    is_backfill = models.BooleanField(default=False)
    stage = models.SmallIntegerField(db_default=0)
    failures = models.SmallIntegerField(db_default=0)
    """How often a handler refused this very event."""
    not_before = models.DateTimeField(null=True)
    """After a failure: when it is tried again."""
    reason = models.TextField(db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # Its columns do not change, so that reactions still move on within their page.
            models.Index(
                fields=["tenant", "profile_id"],
                name="reaction_profile_idx",
                condition=models.Q(profile_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_name} at stage {self.stage}"
