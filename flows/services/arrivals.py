"""Products that are published: runs of those who care for their category.

Nobody hears of more than one product of a day in one flow: the first one stands for them, and
messages show what else is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction

from crm.types import EventRef
from flows.domain.starts import PRODUCT_CAME, ArrivalTrigger
from flows.queries import people
from flows.queries.goods import find_sold
from flows.queries.versions import find_graphs, list_live
from flows.services.knocking import NewStart, start_runs
from flows.types import SoldProduct
from kernel import clock
from kernel.arrays import columns
from kernel.sql import run_sql, whole_tenant

PUBLISHED: Final = "Product Published"
CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Ask:
    """One product of which one flow wants to tell people."""

    ref: EventRef
    flow_id: int
    trigger: ArrivalTrigger
    product: SoldProduct


@transaction.atomic(savepoint=False)
def start_for_arrivals(refs: Sequence[EventRef]) -> None:
    """Start runs of those who care for the category of what was published.

    Args:
        refs: new events of the active tenant; only those of products are looked at.
    """
    told = [ref for ref in refs if ref.name == PUBLISHED and not ref.is_backfill]
    asks = _find_asks(told) if told else []
    starts: dict[str, NewStart] = {}
    for place, profile_id in _find_fans(asks) if asks else ():
        start = _start(asks[place], profile_id)
        starts.setdefault(start.key, start)
    wanted = list(starts.values())
    for at in range(0, len(wanted), CHUNK):
        chunk = wanted[at : at + CHUNK]
        known = people.find_reachable(start.profile_id for start in chunk)
        start_runs([start for start in chunk if start.profile_id in known])


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
    wanting = find_wanting()
    if not wanting:
        return []
    ids = {ref.object_id for ref in refs if ref.object_id is not None}
    products = find_sold(ids)
    asks = [
        _Ask(ref, flow_id, trigger, product)
        for ref in sorted(refs, key=lambda ref: (ref.occurred_at, ref.event_id))
        if (product := products.get(ref.object_id or 0)) is not None
        for flow_id, trigger in wanting
    ]
    return [ask for ask in asks if ask.product.category]


def _find_fans(asks: Sequence[_Ask]) -> list[tuple[int, int]]:
    now = clock.now()
    rows = [
        (
            place,
            ask.product.category,
            str(ask.trigger.affinity),
            now - timedelta(days=ask.trigger.within_days),
        )
        for place, ask in enumerate(asks)
    ]
    with whole_tenant():
        found = run_sql(
            "flows.find_fans",
            **columns("asks categories affinities since", rows),
            oldest=min(since for *_, since in rows),
            until=now,
        )
    return [(row.ask, row.profile_id) for row in found]


def _start(ask: _Ask, profile_id: int) -> NewStart:
    product = ask.product
    return NewStart(
        name=PRODUCT_CAME,
        flow_id=ask.flow_id,
        profile_id=profile_id,
        at=ask.ref.occurred_at,
        key=f"flow_arrival:{ask.flow_id}:{profile_id}:{ask.ref.occurred_at:%Y-%m-%d}",
        store_id=product.store_id,
        properties={
            "product_id": product.product,
            "title": product.title,
            "category": product.category,
            "url": product.url,
            "image_url": product.image_url,
        },
    )
