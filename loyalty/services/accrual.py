"""Points of orders and refunds, posted by the batch."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from kernel import clock, money
from kernel.arrays import array
from kernel.sql import count_sql, run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from loyalty.queries.ledger import orders_of_refunds, owners_of
from loyalty.services.ledger import carry_over
from loyalty.services.program import ensure_program
from loyalty.services.tiers import evaluate_for_events
from loyalty.types import Posted
from tenants.queries import get_tenant

REFUND_EVENTS = frozenset({"Order Refunded"})


@transaction.atomic(savepoint=False)
def post_for_events(refs: Sequence[EventRef]) -> None:
    """Post the points that new, changed, cancelled and refunded orders move.

    A repeat posts nothing: the entries of an order are compared with what it is worth.

    Args:
        refs: events of orders (``object_id`` is the order) and of refunds (the refund), in any
            order.
    """
    refund_ids = [ref.object_id for ref in refs if ref.name in REFUND_EVENTS and ref.object_id]
    order_of = orders_of_refunds(refund_ids)
    live: set[int] = set()
    history: set[int] = set()
    for ref in refs:
        if ref.object_id is None:
            continue
        order_id = order_of.get(ref.object_id) if ref.name in REFUND_EVENTS else ref.object_id
        if order_id is not None:
            (history if ref.is_backfill else live).add(order_id)
    post_for_orders(
        live | history,
        history=frozenset(history - live),
        now=clock.now(),
        decided=frozenset(ref.profile_id for ref in refs),
    )
    evaluate_for_events(refs)


def post_for_history(order_ids: Sequence[int]) -> None:
    """Post what is missing of orders whose worth was taken back; no flow starts from it."""
    post_for_orders(order_ids, history=frozenset(order_ids), now=clock.now())


@transaction.atomic(savepoint=False)
def post_for_orders(
    order_ids: Collection[int],
    *,
    history: frozenset[int] = frozenset(),
    now: datetime,
    decided: Collection[int | None] = (),
) -> list[Posted]:
    """Post what is missing so that each order's entries sum up to what it is worth.

    Args:
        order_ids: orders that may have changed; those without a profile move nothing.
        history: those of them whose events are history.
        now: aware UTC time at which corrections take effect.
        decided: profiles whose segments are decided behind this anyway.

    Returns:
        The new entries; empty when every order is right already.
    """
    if not order_ids:
        return []
    lock_final_profiles(owners_of(order_ids))
    ids = array(sorted(order_ids))
    count_sql("loyalty.open_accounts", order_ids=ids)
    run_sql("loyalty.lock_accounts", order_ids=ids)
    program = ensure_program()
    with whole_tenant():
        rows = run_sql(
            "loyalty.post_order_points",
            order_ids=ids,
            rate=program.points_per_unit if program.is_active else None,
            rule_version=program.version,
            unit=10 ** money.exponent(get_tenant(current_tenant_id()).currency),
            now=now,
        )
    posted = [Posted.read(row) for row in rows]
    carry_over(posted, history=history, now=now, decided=decided)
    return posted
