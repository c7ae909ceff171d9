"""Prices that fall and stock that sinks or comes back: runs of those who were interested.

Whoever showed interest in time enters; for a flow and product at most once a day, as the variants
of one product tell each for itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db import transaction

from crm.types import EventRef
from flows.domain.starts import (
    PRICE_FELL,
    STOCK_CAME,
    AudienceTrigger,
    Interest,
    PriceTrigger,
    StockTrigger,
    event_of,
)
from flows.queries import people
from flows.queries.goods import find_bought, find_shown
from flows.queries.reach import find_left
from flows.queries.versions import find_graphs, list_live
from flows.services.knocking import NewStart, name_day, start_runs
from flows.types import ShownVariant
from kernel import clock
from kernel.arrays import array, columns
from kernel.formats import find_zone
from kernel.sql import run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from tenants.queries import get_tenant

CHUNK: Final = 1_000
PRICE_DROPPED, BACK_IN_STOCK, STOCK_LOW = "Price Dropped", "Back In Stock", "Stock Low"
_SHOWN_BY: Final = {
    Interest.VIEWED: "Product Viewed",
    Interest.CART: "Product Added",
    Interest.CHECKOUT: "Checkout Started",
    Interest.ASKED: "Back In Stock Requested",
    Interest.WISHED: "Product Added to Wishlist",
}
_GONE_BY: Final = {Interest.WISHED: "Product Removed from Wishlist"}
Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Ask:
    """One change that one flow wants to tell people of."""

    ref: EventRef
    flow_id: int
    trigger: AudienceTrigger
    said: Said
    variant: ShownVariant
    at: datetime
    """Up to then interest counts."""
    day: str
    """On which it changed, in the tenant's zone: nobody is told of a product twice on one."""


@transaction.atomic(savepoint=False)
def start_for_goods(refs: Sequence[EventRef]) -> None:
    """Start runs of those who were interested in what got cheaper, runs low or is back.

    Args:
        refs: new events of the active tenant; only those of variants are looked at.
    """
    told = [ref for ref in refs if ref.object_id is not None and not ref.is_backfill]
    if not told:
        return
    now = clock.now()
    asks = [replace(ask, at=now) for ask in _list_asks(told, find_wanting())]
    wanted = _list_starts(asks, None)
    for at in range(0, len(wanted), CHUNK):
        chunk = wanted[at : at + CHUNK]
        known = people.find_reachable(start.profile_id for start in chunk)
        start_runs([start for start in chunk if start.profile_id in known])


def list_goods_starts(
    flow_id: int, trigger: AudienceTrigger, refs: Sequence[EventRef], profile_ids: Collection[int]
) -> list[NewStart]:
    """Return who of some people would have entered a flow because of what happened to goods.

    Args:
        flow_id: the flow.
        trigger: what starts it.
        refs: events of variants; each is looked at as of its own time.
        profile_ids: of the active tenant.
    """
    return _list_starts(_list_asks(refs, [(flow_id, trigger)]), profile_ids)


def _list_starts(asks: Sequence[_Ask], profile_ids: Collection[int] | None) -> list[NewStart]:
    starts: dict[str, NewStart] = {}
    found = _find_interested(asks, profile_ids)
    owned = _find_owners(asks, found)
    for place, interested in found.items():
        for profile_id in interested:
            start = _start(asks[place], profile_id)
            if (place, profile_id) not in owned:
                starts.setdefault(start.key, start)
    return list(starts.values())


def find_wanting() -> list[tuple[int, AudienceTrigger]]:
    """Return the live flows that prices and stock start, with how."""
    live = list_live()
    graphs = find_graphs([each.version_id for each in live])
    return [
        (each.flow_id, trigger)
        for each in live
        if each.version_id in graphs
        and isinstance(trigger := graphs[each.version_id].trigger, PriceTrigger | StockTrigger)
    ]


def _list_asks(
    refs: Sequence[EventRef], wanting: Sequence[tuple[int, AudienceTrigger]]
) -> list[_Ask]:
    if not wanting or not refs:
        return []
    properties = people.properties_of((ref.event_id, ref.occurred_at) for ref in refs)
    variants = find_shown({ref.object_id for ref in refs if ref.object_id is not None})
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    asks = [
        _Ask(ref, flow_id, trigger, said, variant, ref.occurred_at, name_day(ref.occurred_at, zone))
        for ref in refs
        if (variant := variants.get(ref.object_id or 0)) is not None
        for flow_id, trigger in wanting
        if _is_meant(trigger, ref.name, said := properties.get(ref.event_id, {}))
    ]
    # The first variant speaks for its product: one that can be bought goes before one that cannot.
    left = find_left({ask.ref.object_id or 0 for ask in asks}) if len(asks) > 1 else {}
    return sorted(asks, key=lambda ask: ask.ref.object_id not in left)


def _is_meant(trigger: AudienceTrigger, name: str, said: Said) -> bool:
    if name != goods_event(trigger):
        return False
    if isinstance(trigger, PriceTrigger):
        return _has_fallen(trigger, said)
    pieces, before = said.get("pieces"), said.get("before")
    if not isinstance(pieces, int):
        return False
    if trigger.is_back:
        return pieces >= trigger.pieces
    return isinstance(before, int) and before > trigger.pieces >= pieces


def _has_fallen(trigger: PriceTrigger, said: Said) -> bool:
    try:
        before, after = Decimal(str(said.get("before"))), Decimal(str(said.get("after")))
    except InvalidOperation:
        return False
    fallen = before - after
    if not trigger.is_percent:
        return fallen >= trigger.least
    return before > 0 and fallen * 100 >= trigger.least * before


def _find_owners(asks: Sequence[_Ask], found: Mapping[int, Sequence[int]]) -> set[tuple[int, int]]:
    """Return ask and person of those who bought it meanwhile: it is too late for its price.

    Whoever asked to be told that something is back hears it, however often they bought it.
    """
    selling = {place: asks[place] for place in found if event_of(asks[place].trigger) != STOCK_CAME}
    if not selling:
        return set()
    bought = find_bought(
        {ask.variant.product_id for ask in selling.values()},
        {profile_id for place in selling for profile_id in found[place]},
        since=min(ask.at - timedelta(days=ask.trigger.within_days) for ask in selling.values()),
        until=max(ask.at for ask in selling.values()),
    )
    return {
        (place, profile_id)
        for place, ask in selling.items()
        for profile_id in found[place]
        if (ask.variant.product_id, profile_id) in bought
    }


def _find_interested(
    asks: Sequence[_Ask], profile_ids: Collection[int] | None
) -> dict[int, list[int]]:
    if not asks:
        return {}
    found: dict[int, list[int]] = {}
    with whole_tenant():
        people_asked = None if profile_ids is None else array(sorted(profile_ids))
        for row in run_sql("flows.find_interested", profile_ids=people_asked, **_questions(asks)):
            found.setdefault(row.ask, []).append(row.profile_id)
    return found


def _questions(asks: Sequence[_Ask]) -> dict[str, Any]:
    """Return what is asked, each product and SKU of a flow and day once, whatever its variants."""
    rows: list[tuple[Any, ...]] = []
    asked: set[tuple[Any, ...]] = set()
    for place, ask in enumerate(asks):
        variant, whole = ask.variant, (ask.flow_id, ask.variant.product_id, ask.day, ask.at)
        product = "" if (*whole, "product") in asked else variant.product
        sku = "" if (*whole, "sku", variant.sku) in asked else variant.sku
        asked |= {(*whole, "product"), (*whole, "sku", variant.sku)}
        if product or sku:
            since = ask.at - timedelta(days=ask.trigger.within_days)
            name = interest_event(ask.trigger)
            gone = _GONE_BY.get(ask.trigger.interest, "")
            rows.append((place, name, gone, variant.store_id, product, sku, since, ask.at))
    names = "asks names gones stores products skus since untils"
    return {
        **columns(names, rows),
        "shown_by": array(sorted({name for row in rows for name in row[1:3]} - {""})),
        "oldest": min(row[6] for row in rows),
        "newest": max(row[7] for row in rows),
    }


def interest_event(trigger: AudienceTrigger) -> str:
    """Return the event by which somebody shows the interest that a trigger asks for."""
    return _SHOWN_BY[trigger.interest]


def goods_event(trigger: AudienceTrigger) -> str:
    """Return the event of a variant that a trigger tells people of."""
    if isinstance(trigger, PriceTrigger):
        return PRICE_DROPPED
    return BACK_IN_STOCK if trigger.is_back else STOCK_LOW


def _start(ask: _Ask, profile_id: int) -> NewStart:
    name = event_of(ask.trigger)
    word = "price" if name == PRICE_FELL else "stock"
    what = f"{ask.flow_id}:{ask.variant.product_id}:{profile_id}:{ask.day}"
    return NewStart(
        name=name,
        flow_id=ask.flow_id,
        profile_id=profile_id,
        at=ask.ref.occurred_at,
        key=f"flow_{word}:{what}",
        store_id=ask.variant.store_id,
        properties={
            **ask.said,
            "product_id": ask.variant.product,
            "variant_id": ask.variant.external_id,
            "sku": ask.variant.sku,
            "name": ask.variant.title,
            "interest": str(ask.trigger.interest),
        },
    )
