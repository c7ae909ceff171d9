"""What browsers tell of orders: nothing is bought by it, but it shows whose visit led to an order.

A browser says what it calls the order; the store says whose it is. Where both fit together, the
visitor is the buyer: what the browser did before joins their profile, and with it the visits that
first and last touch are made of. Only a visitor whom nobody knows joins so. Either may come first:
the hint is committed before anybody looks for its order, and orders look for their hints after
they were committed.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import transaction

from crm.domain.carts import ORDER_COMPLETED, ORDER_PLACED
from crm.models import Event, Profile
from crm.services.merging import merge_profiles
from crm.types import EventRef
from kernel.arrays import array, columns
from kernel.sql import run_sql

RULE: Final = "order"
MAX_REF: Final = 100
NAMED_BY: Final = ("order_id", "order_number", "checkout_id", "checkout_token")

Hint = tuple[str, int, Any]


@transaction.atomic(savepoint=False)
def keep_for_events(refs: Sequence[EventRef]) -> None:
    """Keep what browsers called the orders that they told of; a repeat changes nothing."""
    hints = _read_hints(refs)
    if hints:
        run_sql("crm.add_order_hints", **columns("refs event_ids times", hints))


@transaction.atomic(savepoint=False)
def join_for_events(refs: Sequence[EventRef]) -> None:
    """Let visitors join the buyers of the orders that both tell of; a repeat changes nothing.

    Args:
        refs: "Order Completed" of browsers, whose hints are kept, and "Order Placed" of stores.
    """
    placed = [ref.object_id for ref in refs if ref.name == ORDER_PLACED and ref.object_id]
    rows = list(run_sql("crm.hints_of_orders", order_ids=array(placed))) if placed else []
    if hints := _read_hints(refs):
        rows += run_sql("crm.orders_of_hints", **columns("refs event_ids times", hints))
    _join(rows)


def _join(rows: Iterable[Any]) -> None:
    buyers: dict[int, set[int]] = {}
    visitors: dict[int, int] = {}
    for row in rows:
        buyers.setdefault(row.event_id, set()).add(row.buyer_id)
        visitors[row.event_id] = row.visitor_id
    # Two orders of one name in two stores: nobody knows which one the browser meant.
    certain = {event_id: next(iter(ids)) for event_id, ids in buyers.items() if len(ids) == 1}
    named = Profile.objects.filter(
        pk__in={visitors[event_id] for event_id in certain},
        is_anonymous=True,
        merged_into__isnull=True,
        erased_at__isnull=True,
    )
    unknown = set(named.values_list("pk", flat=True))
    pairs = {
        (buyer_id, visitors[event_id])
        for event_id, buyer_id in certain.items()
        if visitors[event_id] in unknown and visitors[event_id] != buyer_id
    }
    if pairs:
        merge_profiles(sorted(pairs), rule=RULE)


def _read_hints(refs: Sequence[EventRef]) -> list[Hint]:
    told = {ref.event_id: ref for ref in refs if ref.name == ORDER_COMPLETED}
    if not told:
        return []
    times = [ref.occurred_at for ref in told.values()]
    found = Event.objects.filter(
        pk__in=told, occurred_at__gte=min(times), occurred_at__lte=max(times)
    )
    hints = {
        (name, event_id, told[event_id].occurred_at)
        for event_id, properties in found.values_list("pk", "properties")
        for name in _names(properties)
    }
    return sorted(hints)


def _names(properties: dict[str, Any]) -> list[str]:
    values = (properties.get(name) for name in NAMED_BY)
    texts = (str(value) for value in values if isinstance(value, str | int))
    # Shopify writes gid://shopify/Order/5001.
    return [
        name
        for text in texts
        if (name := text.rpartition("/")[2].strip().lstrip("#")) and len(name) <= MAX_REF
    ]
