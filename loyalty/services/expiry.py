"""What time does to points: they become usable, are warned of, and expire.

Whoever is due is found by their account; everything is done for a batch of accounts in a handful
of statements. A repeat finds the lots as they were left and does nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.services.events import append_events
from crm.services.ids import lock_final_profiles
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.sql import run_sql
from loyalty.domain.lots import EXPIRED, STALE, WARNINGS, days_left, expiry_key
from loyalty.models import PointsAccount
from loyalty.services.ledger import carry_over, settle
from loyalty.types import Posted

BATCH: Final = 1_000
"""Accounts of one transaction."""
ACTIVATED: Final = "Points Activated"
EXPIRING: Final = "Points Expiring"
GONE: Final = "Points Expired"


def work_off_lots(deadline: Deadline) -> int:
    """Do what is due to the points of the active tenant.

    Args:
        deadline: when to stop claiming.

    Returns:
        Accounts that were due; 0 when none was.
    """
    return deadline.repeat(_work_off_batch)


@transaction.atomic
def _work_off_batch() -> int:
    now = clock.now()
    due = PointsAccount.objects.filter(due_at__lte=now).order_by("due_at", "profile_id")
    waiting = list(due.values_list("profile_id", flat=True)[:BATCH])
    # The profiles first, as everybody who posts: a merge waits for them and takes accounts then.
    lock_final_profiles(waiting)
    locked = run_sql("loyalty.lock_due_accounts", profile_ids=array(waiting), now=now)
    owners = [row.profile_id for row in locked]
    if not owners:
        return 0
    lots = run_sql("loyalty.take_due_lots", profile_ids=array(owners), now=now)
    posted = _post([lot for lot in lots if lot.step == EXPIRED])
    moved = {entry.profile_id for entry in posted}
    balances = carry_over(posted, history=frozenset(), now=now)
    balances |= settle([owner for owner in owners if owner not in moved], now)
    append_events(
        [*_freed(lots, balances, now), *_warned(lots, balances, now), *_gone(lots, balances, now)],
        now=now,
    )
    return len(owners)


def _post(lots: Sequence[Any]) -> list[Posted]:
    if not lots:
        return []
    rows = [
        (lot.profile_id, -lot.points, expiry_key(lot.lot_id, lot.lapses), lot.expires_at)
        for lot in lots
    ]
    return [
        Posted.read(row)
        for row in run_sql(
            "loyalty.post_expiries", **columns("profile_ids points source_keys times", rows)
        )
    ]


def _freed(lots: Sequence[Any], balances: Mapping[int, int], now: datetime) -> list[NewEvent]:
    points: Counter[int] = Counter()
    newest: dict[int, int] = {}
    for lot in lots:
        if lot.is_freed and lot.step != EXPIRED:
            points[lot.profile_id] += lot.points
            newest[lot.profile_id] = max(lot.lot_id, newest.get(lot.profile_id, 0))
    return [
        _event(
            ACTIVATED,
            owner,
            {"points": count, "balance": balances[owner]},
            now,
            f"points-activated:{newest[owner]}",
        )
        for owner, count in points.items()
    ]


def _warned(lots: Sequence[Any], balances: Mapping[int, int], now: datetime) -> list[NewEvent]:
    found: dict[tuple[int, datetime, int], int] = defaultdict(int)
    for lot in lots:
        if lot.step and lot.step != EXPIRED:
            found[lot.profile_id, lot.expires_at, WARNINGS[lot.step - 1]] += lot.points
    return [
        _event(
            EXPIRING,
            owner,
            {
                "points": points,
                "expires_at": expires_at.isoformat(),
                "warning_days": days,
                "days_left": days_left(expires_at, now),
                "balance": balances[owner],
            },
            now,
            f"points-expiring:{owner}:{expires_at:%Y%m%dT%H%M}:{days}",
        )
        for (owner, expires_at, days), points in found.items()
    ]


def _gone(lots: Sequence[Any], balances: Mapping[int, int], now: datetime) -> list[NewEvent]:
    found: dict[tuple[int, datetime], tuple[int, str]] = {}
    for lot in lots:
        if lot.step == EXPIRED:
            before = found.get((lot.profile_id, lot.expires_at), (0, ""))[0]
            key = expiry_key(lot.lot_id, lot.lapses)
            found[lot.profile_id, lot.expires_at] = (before + lot.points, key)
    return [
        _event(
            GONE,
            owner,
            {
                "points": points,
                "expired_at": expires_at.isoformat(),
                "balance": balances[owner],
            },
            now,
            f"points-expired:{key}",
            is_backfill=expires_at < now - STALE,
        )
        for (owner, expires_at), (points, key) in found.items()
    ]


def _event(
    name: str,
    owner: int,
    properties: Mapping[str, Any],
    now: datetime,
    key: str,
    *,
    is_backfill: bool = False,
) -> NewEvent:
    return NewEvent(
        name=name,
        occurred_at=now,
        source="system",
        profile_id=owner,
        properties=properties,
        is_backfill=is_backfill,
        dedupe_key=key,
    )
