"""Knowing again what Patron wrote, when a store tells of it: it is no news of the store."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm.types import CustomerRecord, OrderRecord, Record
from kernel.arrays import array
from kernel.sql import run_sql


def leave_out_own(store_id: int, records: Sequence[Record]) -> list[Record]:
    """Return records without the tags that only Patron gave.

    Consent needs nothing like it: it comes back with the time at which it was given, and says
    nothing new. Figures are in a name space that is never read.

    Args:
        store_id: of the active tenant.
        records: as its platform tells them.
    """
    tagged = sorted({each.external_id for each in map(_customer, records) if each and each.tags})
    if not tagged:
        return list(records)
    rows = run_sql("stores.list_own_tags", store_id=store_id, subjects=array(tagged))
    own: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        own[row.subject].update(tag.casefold() for tag in row.tags)
    return [_without(record, own) for record in records] if own else list(records)


def _customer(record: Record) -> CustomerRecord | None:
    if isinstance(record, CustomerRecord):
        return record
    return record.customer if isinstance(record, OrderRecord) else None


def _without(record: Record, own: Mapping[str, set[str]]) -> Record:
    customer = _customer(record)
    if customer is None or customer.external_id not in own:
        return record
    gone = own[customer.external_id]
    kept = replace(customer, tags=[tag for tag in customer.tags if tag.casefold() not in gone])
    return replace(record, customer=kept) if isinstance(record, OrderRecord) else kept
