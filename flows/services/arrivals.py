"""Products that are published: runs of those who care for their category.

Nobody hears of more than one product of a day in one flow: the first one stands for them, and
messages show what else is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from crm.types import EventRef
from flows.domain.starts import PRODUCT_CAME, ArrivalTrigger
from flows.queries import people
from flows.queries.goods import find_sold
from flows.queries.versions import find_graphs, list_live
from flows.services.knocking import NewStart, name_day, start_runs
from flows.types import SoldProduct
from kernel import clock
from kernel.arrays import columns
from kernel.formats import find_zone
from kernel.sql import run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

PUBLISHED: Final = "Product Published"
CHUNK: Final = 1_000
PAGE: Final = 5_000
"""Runs of one transaction; what people bought and looked at is read once for each."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One product of which one flow wants to tell people, on a day of the tenant's zone."""

    ref: EventRef
    flow_id: int
    trigger: ArrivalTrigger
    product: SoldProduct
    day: str


@transaction.atomic(savepoint=False)
def start_page(refs: Sequence[EventRef], after: int) -> int | None:
    """Start runs of the next people who care for the category of what was published.

    Args:
        refs: products of the active tenant that were published.
        after: the last profile of the page before; 0 begins.

    Returns:
        The last profile of this page; None when nobody comes after.
    """
    asks = _find_asks(refs)
    fans = _find_fans(asks, after) if asks else []
    starts = [_start(asks[row.ask], row.profile_id) for row in fans]
    for at in range(0, len(starts), CHUNK):
        chunk = starts[at : at + CHUNK]
        known = people.find_reachable(start.profile_id for start in chunk)
        start_runs([start for start in chunk if start.profile_id in known])
    return fans[-1].profile_id if len(fans) >= PAGE else None


def find_wanting() -> list[tuple[int, ArrivalTrigger]]:
    """Return the live flows that new products start, with how."""
    live = list_live()
    graphs = find_graphs([each.version_id for each in live])
    return [
        (each.flow_id, trigger)
        for each in live
        if each.version_id in graphs
        and isinstance(trigger := graphs[each.version_id].trigger, ArrivalTrigger)
    ]


def _find_asks(refs: Sequence[EventRef]) -> list[_Ask]:
    """Return what is asked, of a category once in a flow and day: the first stands for it."""
    wanting = find_wanting()
    if not wanting:
        return []
    ids = {ref.object_id for ref in refs if ref.object_id is not None}
    products = find_sold(ids)
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    asks: dict[tuple[int, str, str], _Ask] = {}
    for ref in sorted(refs, key=lambda ref: (ref.occurred_at, ref.event_id)):
        product = products.get(ref.object_id or 0)
        if product is None or not product.category:
            continue
        day = name_day(ref.occurred_at, zone)
        for flow_id, trigger in wanting:
            asked = (flow_id, day, product.category)
            asks.setdefault(asked, _Ask(ref, flow_id, trigger, product, day))
    return list(asks.values())


def _find_fans(asks: Sequence[_Ask], after: int) -> list[Any]:
    now = clock.now()
    turns = {turn: place for place, turn in enumerate({(ask.flow_id, ask.day) for ask in asks})}
    rows = [
        (
            place,
            turns[ask.flow_id, ask.day],
            ask.product.category,
            str(ask.trigger.affinity),
            now - timedelta(days=ask.trigger.within_days),
        )
        for place, ask in enumerate(asks)
    ]
    with whole_tenant():
        return run_sql(
            "flows.find_fans",
            **columns("asks turns categories affinities since", rows),
            oldest=min(since for *_, since in rows),
            until=now,
            after=after,
            count=PAGE,
        )


def _start(ask: _Ask, profile_id: int) -> NewStart:
    product = ask.product
    return NewStart(
        name=PRODUCT_CAME,
        flow_id=ask.flow_id,
        profile_id=profile_id,
        at=ask.ref.occurred_at,
        key=f"flow_arrival:{ask.flow_id}:{profile_id}:{ask.day}",
        store_id=product.store_id,
        properties={
            "product_id": product.product,
            "title": product.title,
            "category": product.category,
            "url": product.url,
            "image_url": product.image_url,
        },
    )
