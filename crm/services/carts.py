"""Carts: read of the events of a shopper each time one is added, abandoned by the clock."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from crm.choices import CartStatus, EventSource
from crm.domain.carts import (
    CART_EVENTS,
    EXPIRES,
    IDLE,
    ORDER_PLACED,
    Cart,
    CartEvent,
    describe_lines,
    fold_carts,
)
from crm.queries.visitors import find_moved
from crm.services.events import append_events
from crm.types import EventRef, NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.batches import Deadline
from kernel.money import to_text
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

ABANDONED: Final = "Cart Abandoned"
MOST_EVENTS: Final = 300
"""Events of one shopper that carts are read of, the newest."""
BATCH: Final = 500
_COLUMNS: Final = (
    "profile_id store_id order_id status started_at changed_at idle_at checkout_at abandoned_at "
    "converted_at currency total_minor piece_count items url is_backfill"
)


def refresh_for_events(refs: Sequence[EventRef]) -> None:
    """Bring the carts of the profiles in a batch of events up to date; a repeat changes nothing."""
    now = clock.now()
    since = now - EXPIRES
    moved = find_moved(refs)
    others = {
        ref.profile_id
        for ref in refs
        if ref.profile_id and ref.name in CART_EVENTS and ref.occurred_at > since
    }
    refresh_carts(moved | others, now, are_moved=bool(moved))


@transaction.atomic(savepoint=False)
def refresh_carts(profile_ids: Iterable[int], now: datetime, *, are_moved: bool = True) -> None:
    """Read the carts of some profiles of their events of the last 30 days.

    Carts that were left before that stay as they are.

    Args:
        profile_ids: any; merged ones stand for their winner.
        now: aware.
        are_moved: events may have moved away, so that carts may be gone.
    """
    wanted = sorted(set(profile_ids))
    if not wanted:
        return
    ids = sorted({row.id for row in run_sql("crm.lock_profiles", ids=array(wanted))})
    events = _read_events(ids, now - EXPIRES)
    if not are_moved:
        ids = [key for key in ids if _had_cart(events.get(key, []))]
    if not ids:
        return
    tenant = get_tenant(current_tenant_id())
    carts = {key: fold_carts(events.get(key, []), currency=tenant.currency) for key in ids}
    _write(carts, now)
    _write_facts(carts, tenant.currency)


def abandon_due(deadline: Deadline) -> int:
    """Mark the carts of the active tenant that lay for an hour, and tell of each.

    Args:
        deadline: when to stop claiming.

    Returns:
        Carts that were abandoned; 0 when none was due.
    """
    return deadline.repeat(_abandon_batch)


@transaction.atomic
def _abandon_batch() -> int:
    now = clock.now()
    rows = run_sql("crm.claim_idle_carts", now=now, count=BATCH)
    append_events([_abandoned(row) for row in rows], now=now)
    return len(rows)


def _read_events(ids: Sequence[int], since: datetime) -> dict[int, list[CartEvent]]:
    rows = run_sql("crm.list_cart_events", ids=array(ids), since=since, count=MOST_EVENTS)
    found: dict[int, list[CartEvent]] = {}
    for row in rows:
        event = CartEvent(
            name=row.name,
            at=row.occurred_at,
            event_id=row.id,
            properties=json.loads(row.properties),
            object_id=row.object_id,
            store_id=row.store_id,
            is_backfill=row.is_backfill,
        )
        found.setdefault(row.profile_id, []).append(event)
    return found


def _had_cart(events: Sequence[CartEvent]) -> bool:
    """Say whether anything but orders is known: most who buy were never seen with a cart."""
    return any(event.name != ORDER_PLACED for event in events)


def _write(carts: dict[int, list[Cart]], now: datetime) -> None:
    kept = [(key, cart) for key, theirs in sorted(carts.items()) for cart in theirs]
    begun = columns("profile_ids times", [(key, cart.started_at) for key, cart in kept])
    run_sql("crm.drop_carts", ids=array(carts), since=now - EXPIRES, **begun)
    if kept:
        rows = [_row(key, cart) for key, cart in kept]
        run_sql("crm.upsert_carts", now=now, **columns(_COLUMNS, rows))


def _row(profile_id: int, cart: Cart) -> tuple[Any, ...]:
    idle_at = cart.changed_at + IDLE
    status = CartStatus.OPEN if cart.converted_at is None else CartStatus.CONVERTED
    return (
        profile_id,
        cart.store_id,
        cart.order_id,
        str(status),
        cart.started_at,
        cart.changed_at,
        idle_at,
        cart.checkout_at,
        cart.abandoned_at,
        cart.converted_at,
        cart.currency,
        cart.total_minor,
        cart.piece_count,
        describe_lines(cart),
        cart.url,
        cart.is_backfill,
    )


def _write_facts(carts: dict[int, list[Cart]], currency: str) -> None:
    rows = []
    for key, theirs in sorted(carts.items()):
        waiting = theirs[-1] if theirs and theirs[-1].converted_at is None else None
        is_ours = waiting is not None and waiting.currency == currency
        amount = waiting.total_minor if waiting is not None and is_ours else None
        rows.append((key, waiting.changed_at if waiting else None, amount))
    run_sql("crm.write_carts", **columns("profile_ids times amounts", rows))


def _abandoned(row: Any) -> NewEvent:
    properties: dict[str, Any] = {
        "cart_id": str(row.id),
        "items": json.loads(row.items),
        "quantity": row.piece_count,
        "currency": row.currency,
        "has_checkout": row.checkout_at is not None,
    }
    if row.total_minor is not None and row.currency:
        properties["value"] = to_text(row.total_minor, row.currency)
    if row.url:
        properties["url"] = row.url
    return NewEvent(
        name=ABANDONED,
        occurred_at=row.idle_at,
        source=str(EventSource.SYSTEM),
        profile_id=row.profile_id,
        store_id=row.store_id,
        object_id=row.id,
        properties=properties,
        is_backfill=row.is_backfill,
        dedupe_key=f"cart_abandoned:{row.id}:{row.changed_at.isoformat()}",
    )
