"""The one way in: canonical records of one store become rows and events, in sets.

Any number of records costs a handful of statements. The order of work: products, people, orders
with lines, refunds, shipments, returns, reviews, tickets, consent, privacy requests, events.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from crm.domain.checking import Unusable, check_record
from crm.models import Store
from crm.services import (
    behaviour,
    care,
    deletions,
    erasure,
    facts,
    flags,
    orders,
    postcodes,
    products,
    refunds,
    shipments,
    stock,
    told_consent,
    variants,
)
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import (
    Claim,
    claim_of_cart,
    claim_of_consent,
    claim_of_customer,
    claim_of_event,
    claim_of_order,
    claim_of_refund,
    claim_of_tracked,
)
from crm.services.events import append_resolved
from crm.services.order_touches import record_order_touches
from crm.services.people import resolve_people
from crm.services.returns import RETURNS
from crm.services.reviews import REVIEWS
from crm.services.tickets import TICKETS
from crm.services.touches import record_touches, refresh_touches
from crm.types import (
    ApplyResult,
    CartRecord,
    ConsentRecord,
    CustomerRecord,
    DataRequestRecord,
    EraseRecord,
    EventRecord,
    OrderDeletionRecord,
    OrderRecord,
    PlaceData,
    ProductRecord,
    Record,
    RefundRecord,
    ShipmentRecord,
    StockRecord,
    StoreClosedRecord,
    TrackedRecord,
    VariantRecord,
    Written,
)
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord
from kernel.errors import NotFound
from kernel.scope import current_tenant_id
from tenants.queries import get_tenant

R = TypeVar("R")
_Sorted = dict[type, list[Item[Any]]]
_CARE = {ReturnRecord: RETURNS, ReviewRecord: REVIEWS, TicketRecord: TICKETS}

AFTER_APPLY: list[Callable[[Written], None]] = []
"""Called at the end of a batch with what it wrote, in the same transaction, so that apps above
note it. Filled when an app starts (`AppConfig.ready`)."""


def apply_records(
    store_id: int,
    records: Sequence[Record],
    *,
    source: str,
    is_backfill: bool = False,
    now: datetime,
) -> ApplyResult:
    """Apply canonical records of one store; a repeat changes nothing.

    Joins the caller's transaction and locks the store's row first, so that a store has one
    writer at a time. A record that cannot be applied is rejected with its reason and writes
    nothing; the others are applied. Of several records of one object the newest is applied, and
    one older than what is stored changes nothing.

    Args:
        store_id: the store that says so.
        records: in order of arrival; some hundreds to a few thousand at once are best.
        source: a word of `EventSource`.
        is_backfill: history: events are recorded but start no flow.
        now: aware.

    Returns:
        What became of each record.

    Raises:
        NotFound: no such store.
        IngestConflict: another store's writer brought the same person at the same moment. Roll
            the transaction back and call again.
        django.db.transaction.TransactionManagementError: no transaction is open.
    """
    batch = open_batch(store_id, len(records), source, is_backfill=is_backfill, now=now)
    todo = _sort(batch, records)
    products.apply_products(batch, todo[ProductRecord])
    variants.apply_variants(batch, todo[VariantRecord])
    stock.apply_stock(batch, todo[StockRecord])
    stock.note_told(batch)
    order_changes = orders.find_changes(batch, todo[OrderRecord])
    refund_changes = refunds.find_changes(batch, todo[RefundRecord])
    care_changes, care_claims = _find_care(batch, todo)
    claims = _resolve(batch, todo, order_changes, refund_changes, care_claims)
    orders.write_orders(batch, order_changes)
    record_order_touches(batch, order_changes)
    deleted = deletions.apply_deletions(batch, todo[OrderDeletionRecord], todo[OrderRecord])
    _link_waiting(batch, order_changes)
    refunds.write_refunds(batch, refund_changes)
    refunds.sum_up(batch)
    shipments.apply_shipments(batch, todo[ShipmentRecord])
    care.write_changes(batch, care_changes)
    if todo[ConsentRecord]:
        told_consent.apply_consents(batch, todo[ConsentRecord], claims)
    behaviour.note_behaviour(
        batch, todo[EventRecord], todo[TrackedRecord], todo[CartRecord], claims
    )
    erasure.apply_data_requests(batch, todo[DataRequestRecord])
    append_resolved(batch.events, now)
    erasure.apply_erasures(batch, todo[EraseRecord])
    erasure.apply_closures(batch, todo[StoreClosedRecord])
    facts.refresh_facts(batch.stale, now)
    _keep_places(batch, _places(batch, order_changes, todo[CustomerRecord]))
    batch.regrouped.update(flags.flag_products(batch.goods))
    _tell(batch, order_changes, deleted, refund_changes, claims)
    return ApplyResult(batch.outcomes, _people_of(claims))


def open_batch(
    store_id: int, count: int, source: str, *, is_backfill: bool, now: datetime
) -> Batch:
    """Lock a store and begin a batch of ``count`` records of it; else as `apply_records`."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("apply_records joins a transaction")
    store = Store.objects.select_for_update(no_key=True).filter(pk=store_id).first()
    if store is None:
        raise NotFound(f"no store {store_id}")
    tenant = get_tenant(current_tenant_id())
    return Batch(
        store_id=store_id,
        platform=store.platform,
        currency=tenant.currency,
        zone=tenant.timezone,
        country=tenant.country,
        source=source,
        is_backfill=is_backfill,
        now=now,
        outcomes=[""] * count,
    )


def _sort(batch: Batch, records: Sequence[Record]) -> _Sorted:
    """Sort usable records by type; the others end as rejected."""
    todo: _Sorted = {kind: [] for kind in _KINDS}
    for index, record in enumerate(records):
        try:
            check_record(record)
        except Unusable as reason:
            batch.reject(index, str(reason))
            continue
        todo[type(record)].append(Item(index, _with_upper_currency(record)))
    return todo


_KINDS = (
    CustomerRecord,
    OrderRecord,
    OrderDeletionRecord,
    RefundRecord,
    ProductRecord,
    VariantRecord,
    StockRecord,
    ShipmentRecord,
    *_CARE,
    ConsentRecord,
    EraseRecord,
    DataRequestRecord,
    StoreClosedRecord,
    EventRecord,
    TrackedRecord,
    CartRecord,
)


def _with_upper_currency(record: Record) -> Record:
    if isinstance(record, OrderRecord | RefundRecord) and not record.currency.isupper():
        return replace(record, currency=record.currency.upper())
    return record


def _resolve(
    batch: Batch,
    todo: _Sorted,
    order_changes: Sequence[orders.OrderChange],
    refund_changes: Sequence[refunds.RefundChange],
    care_claims: Sequence[Claim],
) -> dict[int, Claim]:
    """Find out who all the records are about; returns the claims by place of the record."""
    claims = [claim_of_customer(batch, item.index, item.record) for item in todo[CustomerRecord]]
    for order in order_changes:
        order.claim = claim_of_order(batch, order.item.index, order.record)
    for refund in refund_changes:
        refund.claim = claim_of_refund(batch, refund.item.index, refund.record)
    claims_of_changes = [order.claim for order in order_changes if order.claim]
    claims_of_changes += [refund.claim for refund in refund_changes if refund.claim]
    events = [claim_of_event(batch, item.index, item.record) for item in todo[EventRecord]]
    tracked = [claim_of_tracked(batch, item.index, item.record) for item in todo[TrackedRecord]]
    carts = [claim_of_cart(batch, item.index, item.record) for item in todo[CartRecord]]
    consents = [claim_of_consent(batch, item.index, item.record) for item in todo[ConsentRecord]]
    resolved = sorted(
        [*claims, *claims_of_changes, *care_claims, *events, *tracked, *carts, *consents],
        key=lambda claim: claim.index,
    )
    resolve_people(batch, resolved)
    for claim in claims:
        _judge_customer(batch, claim)
    return {claim.index: claim for claim in resolved}


def _find_care(batch: Batch, todo: _Sorted) -> tuple[list[care.Change], list[Claim]]:
    """Find what is said of returns, reviews and tickets, and whom it names."""
    claims: list[Claim] = []
    changes = [
        change
        for kind, words in _CARE.items()
        for change in care.find_changes(batch, words, todo[kind], claims)
    ]
    return changes, claims


def _link_waiting(batch: Batch, order_changes: Sequence[orders.OrderChange]) -> None:
    """Give what came before its order the order that has arrived now."""
    arrived = [each.record.external_id for each in order_changes if each.known is None]
    if arrived:
        refunds.link_waiting(batch, arrived)
        shipments.link_waiting(batch, arrived)
        care.link_waiting(batch, list(_CARE.values()), arrived)


def _keep_places(batch: Batch, places: Sequence[PlaceData]) -> None:
    """Keep when people were last seen, where they came from, and where their postcodes lie."""
    facts.set_engagement(seen=batch.seen)
    record_touches(batch.touches)
    refresh_touches(batch.unveiled)
    postcodes.note_places(places, batch.now)


def _places(
    batch: Batch, changes: Sequence[orders.OrderChange], customers: Sequence[Item[CustomerRecord]]
) -> list[PlaceData]:
    """Return where the addresses of new and changed orders and customers lie."""
    news = [item for item in customers if batch.outcomes[item.index] in (NEW, UPDATED)]
    told = [*(each.record.places for each in changes), *(item.record.places for item in news)]
    return [place for places in told for place in places]


def _tell(
    batch: Batch,
    order_changes: Sequence[orders.OrderChange],
    deleted: Sequence[int],
    refund_changes: Sequence[refunds.RefundChange],
    claims: dict[int, Claim],
) -> None:
    """Tell whoever listens what the batch wrote."""
    people = {
        claim.profile_id
        for claim in claims.values()
        if claim.profile_id is not None and (claim.is_new or claim.is_changed)
    }
    written = Written(
        order_ids=[*(change.order_id for change in order_changes), *deleted],
        refund_ids=[change.refund_id for change in refund_changes],
        profile_ids=sorted(people),
        regrouped_ids=sorted(batch.regrouped),
        coded_ids=[*(change.order_id for change in order_changes if change.has_codes), *deleted],
    )
    for listen in AFTER_APPLY:
        listen(written)


def _people_of(claims: dict[int, Claim]) -> dict[int, int]:
    return {
        index: claim.profile_id for index, claim in claims.items() if claim.profile_id is not None
    }


def _judge_customer(batch: Batch, claim: Claim) -> None:
    if claim.is_blocked:
        batch.reject(claim.index, "erased")
    elif claim.profile_id is None:
        batch.reject(claim.index, "no usable customer id, email or phone")
    elif claim.is_new:
        batch.outcomes[claim.index] = NEW
    else:
        batch.outcomes[claim.index] = UPDATED if claim.is_changed else UNCHANGED
