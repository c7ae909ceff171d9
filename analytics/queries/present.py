"""Today so far, beside the same weekday of last week up to the same time; and what waits now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.queries.freshness import Freshness, find_freshness
from analytics.types import Kpi
from crm.models import Event
from kernel import clock
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from messaging.queries.messages import DUE_CEILING, count_due
from stores.queries import SyncHealth, list_sync_health
from tenants.queries import get_tenant

WEEK = timedelta(days=7)
SENT_CEILING = 10_000


@dataclass(frozen=True, slots=True)
class Present:
    """Today so far.

    Attributes:
        figures: revenue, orders, new and returning buyers, email share; before is last week.
        then: the instant of last week up to which the others are counted.
    """

    figures: list[Kpi]
    then: datetime


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits right now.

    Attributes:
        lag_seconds: age of the oldest delivery of any store that waits.
        due: messages that should have left by now, at most `DUE_CEILING`.
        sent: messages that left today, at most `SENT_CEILING`.
        stock: stores that ever told how much is left, the one that was silent longest first.
    """

    has_store: bool
    lag_seconds: int
    due: int
    is_due_capped: bool
    sent: int
    is_sent_capped: bool
    stock: list[SyncHealth]
    freshness: Freshness


def measure_today() -> Present:
    """Measure today so far in the tenant's zone, and last week's weekday up to the same time."""
    zone = ZoneInfo(get_tenant(current_tenant_id()).timezone)
    now = clock.now()
    local = now.astimezone(zone).replace(tzinfo=None)
    then = (local - WEEK).replace(tzinfo=zone).astimezone(now.tzinfo)
    return Present(_figures(_measure(now, zone), _measure(then, zone)), then)


def find_queues() -> Queues:
    """Return what waits right now, each by a bounded look."""
    now = clock.now()
    zone = get_tenant(current_tenant_id()).timezone
    midnight = clock.start_of_day(now.astimezone(ZoneInfo(zone)).date(), zone)
    stores = list_sync_health()
    due = count_due(now)
    sent = Event.objects.filter(name="Message Sent", occurred_at__gte=midnight)[:SENT_CEILING]
    sent_count = len(sent.values_list("pk", flat=True))
    return Queues(
        has_store=bool(stores),
        lag_seconds=max((store.lag_seconds for store in stores), default=0),
        due=due,
        is_due_capped=due >= DUE_CEILING,
        sent=sent_count,
        is_sent_capped=sent_count >= SENT_CEILING,
        stock=sorted(
            (store for store in stores if store.stock_told_at),
            key=lambda store: store.stock_told_at or now,
        ),
        freshness=find_freshness(),
    )


def _measure(upto: datetime, zone: ZoneInfo) -> Any:
    starts_at = clock.start_of_day(upto.astimezone(zone).date(), zone.key)
    [row] = run_sql("analytics.sum_span", starts_at=starts_at, ends_at=upto)
    return row


def _figures(now: Any, then: Any) -> list[Kpi]:
    values = [(_values(now)[key], _values(then)[key]) for key in _LABELS]
    return [
        Kpi(key, label, unit, value, before, formula)
        for (key, (label, unit, formula)), (value, before) in zip(
            _LABELS.items(), values, strict=True
        )
    ]


def _values(row: Any) -> dict[str, float | int | None]:
    return {
        "today_revenue": row.gross - row.refunded,
        "today_orders": row.orders,
        "today_new": row.new_buyers,
        "today_returning": row.buyers - row.new_buyers,
        "today_email": row.email_gross / row.gross if row.gross else None,
    }


_LABELS = {
    "today_revenue": (
        "Net revenue today",
        "money",
        "What was paid since midnight minus what was refunded since then.",
    ),
    "today_orders": ("Orders today", "number", "Orders since midnight that count."),
    "today_new": ("New buyers today", "number", "People whose first order came today."),
    "today_returning": (
        "Returning buyers today",
        "number",
        "People who ordered today and for the first time before.",
    ),
    "today_email": (
        "Email share today",
        "rate",
        "What was paid for orders credited to email ÷ what was paid for all, before refunds.",
    ),
}
