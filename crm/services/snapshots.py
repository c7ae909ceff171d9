"""What records are about, as it stands before and after they are applied, to be taken back later.

Whoever applies many records that may have to be taken back as a whole takes a snapshot before,
one after, and keeps the changes between them; `crm.services.taking_back` puts them back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.domain.snapshots import STATEMENT, Flat, difference, digest_flat, flatten
from crm.models import ConsentEvent, EventKey, Profile, ProfileMerge
from crm.services.batch import Batch
from crm.services.claims import (
    Claim,
    claim_of_consent,
    claim_of_customer,
    claim_of_event,
    claim_of_order,
    claim_of_refund,
    distinct_keys,
)
from crm.services.goods_back import PRODUCT, VARIANT, Goods, compare_goods, read_goods
from crm.services.profiles import load_fields
from crm.types import (
    Change,
    ConsentRecord,
    CustomerRecord,
    EventRecord,
    OrderRecord,
    Record,
    RefundRecord,
)
from kernel import clock
from kernel.arrays import array, columns
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

PERSON, ORDER, REFUND, EVENT, MERGE = "person", "order", "refund", "event", "merge"
KINDS = (EVENT, REFUND, ORDER, VARIANT, PRODUCT, MERGE, PERSON)
"""Kinds of change, in the order in which they are taken back."""


@dataclass(slots=True)
class Snapshot:
    """What some records are about, as it stands; its people and documents are locked.

    Attributes:
        people: by id of the profile.
        orders, refunds: rows of the statements of those names, by id.
        goods: products and variants.
        keys: dedupe keys of events that are recorded.
        last_statement, last_merge: newest ids of the tenant.
    """

    store_id: int
    people: dict[int, Flat] = field(default_factory=dict)
    orders: dict[int, Any] = field(default_factory=dict)
    refunds: dict[int, Any] = field(default_factory=dict)
    goods: Goods = field(default_factory=Goods)
    keys: set[str] = field(default_factory=set)
    last_statement: int = 0
    last_merge: int = 0


def take_snapshot(store_id: int, records: Sequence[Record]) -> Snapshot:
    """Read and lock what records are about, before they are applied in the same transaction."""
    snapshot = Snapshot(store_id)
    claims = _claims(store_id, records)
    rows = run_sql("crm.find_people", **columns("kinds identifiers", distinct_keys(claims)))
    snapshot.people = read_people({row.id for row in rows})
    _read_documents(snapshot, records, with_rows=True)
    snapshot.goods = read_goods(store_id, records, with_rows=True)
    newest = ConsentEvent.objects.order_by("-pk").values_list("pk", flat=True)
    snapshot.last_statement = newest.first() or 0
    merges = ProfileMerge.objects.order_by("-pk").values_list("pk", flat=True)
    snapshot.last_merge = merges.first() or 0
    return snapshot


def compare(
    before: Snapshot, records: Sequence[Record], profile_ids: Iterable[int]
) -> list[Change]:
    """Return what became of the records since a snapshot.

    Args:
        before: taken in the same transaction.
        records: of the snapshot, applied.
        profile_ids: whom they turned out to be about.
    """
    after = Snapshot(before.store_id)
    _read_documents(after, records, with_rows=False)
    after.goods = read_goods(before.store_id, records, with_rows=False)
    people = read_people({*profile_ids, *before.people})
    statements = _statements_since(before.last_statement, people)
    return [
        *_compare_events(before, after),
        *_compare_documents(REFUND, before.refunds, after.refunds),
        *_compare_documents(ORDER, before.orders, after.orders),
        *compare_goods(before.goods, after.goods),
        *_merges_since(before.last_merge, people),
        *(
            change
            for key, flat in people.items()
            if (change := _compare_person(key, before.people.get(key), flat, statements.get(key)))
        ),
    ]


def read_people(profile_ids: Iterable[int]) -> dict[int, Flat]:
    """Return live people as flat objects, locked; merged and erased ones are left out."""
    known = load_fields(profile_ids)
    if not known:
        return {}
    live = Profile.objects.filter(pk__in=known, merged_into=None, erased_at=None)
    tags = dict(live.values_list("pk", "tags"))
    identities: dict[int, list[tuple[str, str]]] = {}
    for row in run_sql("crm.list_identities", ids=array(known)):
        identities.setdefault(row.profile_id, []).append((row.kind, row.value_norm))
    return {
        key: flatten(fields, tags[key], identities.get(key, ()))
        for key, fields in known.items()
        if key in tags
    }


def _claims(store_id: int, records: Sequence[Record]) -> list[Claim]:
    batch = Batch(
        store_id=store_id,
        platform="",
        currency="",
        zone="",
        country=get_tenant(current_tenant_id()).country,
        source="",
        is_backfill=True,
        now=clock.now(),
        outcomes=[],
    )
    found: list[Claim | None] = []
    for index, record in enumerate(records):
        match record:
            case CustomerRecord():
                found.append(claim_of_customer(batch, index, record))
            case OrderRecord():
                found.append(claim_of_order(batch, index, record))
            case RefundRecord():
                found.append(claim_of_refund(batch, index, record))
            case EventRecord():
                found.append(claim_of_event(batch, index, record))
            case ConsentRecord():
                found.append(claim_of_consent(batch, index, record))
            case _:
                pass
    return [claim for claim in found if claim is not None]


def _read_documents(snapshot: Snapshot, records: Sequence[Record], *, with_rows: bool) -> None:
    names: dict[type, list[str]] = {OrderRecord: [], RefundRecord: []}
    keys = []
    for record in records:
        if isinstance(record, OrderRecord | RefundRecord):
            names[type(record)].append(record.external_id)
        elif isinstance(record, EventRecord) and record.dedupe_key:
            keys.append(f"event:{record.dedupe_key}")
    snapshot.orders = _read("orders", snapshot.store_id, names[OrderRecord], with_rows)
    snapshot.refunds = _read("refunds", snapshot.store_id, names[RefundRecord], with_rows)
    if keys:
        found = EventKey.objects.filter(dedupe_key__in=keys)
        snapshot.keys = set(found.values_list("dedupe_key", flat=True))


def _read(what: str, store_id: int, names: Sequence[str], with_rows: bool) -> dict[int, Any]:  # noqa: FBT001 handed on
    if not names:
        return {}
    rows = run_sql(
        f"crm.snapshot_{what}",
        store_id=store_id,
        external_ids=array(names),
        ids=None,
        with_rows=with_rows,
    )
    return {row.id: row for row in rows}


def _compare_events(before: Snapshot, after: Snapshot) -> list[Change]:
    new = sorted(after.keys - before.keys)
    found = EventKey.objects.filter(dedupe_key__in=new) if new else EventKey.objects.none()
    return [
        Change(EVENT, row.event_id, None, None, {"key": row.dedupe_key})
        for row in found.order_by("event_id")
    ]


def _compare_documents(
    kind: str, before: Mapping[int, Any], after: Mapping[int, Any]
) -> list[Change]:
    changes = []
    for key, row in after.items():
        known = before.get(key)
        left = {"mark": row.mark}
        if known is None:
            changes.append(Change(kind, key, row.profile_id, None, left))
        elif known.mark != row.mark:
            changes.append(Change(kind, key, known.profile_id, _row_of(kind, known), left))
    return changes


def _row_of(kind: str, row: Any) -> dict[str, Any]:
    if kind == REFUND:
        return {"row": json.loads(row.refund_row)}
    return {"row": json.loads(row.order_row), "lines": json.loads(row.line_rows)}


def _merges_since(last: int, people: Iterable[int]) -> list[Change]:
    found = ProfileMerge.objects.filter(winner_id__in=list(people), pk__gt=last).order_by("pk")
    return [Change(MERGE, row.pk, row.winner_id, {}, {}) for row in found]


def _statements_since(last: int, people: Iterable[int]) -> dict[int, Flat]:
    statements: dict[int, Flat] = {}
    found = ConsentEvent.objects.filter(profile_id__in=list(people), pk__gt=last)
    for key, profile_id, channel in found.values_list("pk", "profile_id", "channel"):
        statements.setdefault(profile_id, {})[f"{STATEMENT}{key}"] = channel
    return statements


def _compare_person(
    profile_id: int, before: Flat | None, after: Flat, statements: Flat | None
) -> Change | None:
    left = {"digest": digest_flat(after), **(statements or {})}
    if before is None:
        return Change(PERSON, profile_id, profile_id, None, left)
    if before == after and not statements:
        return None
    was, came = difference(before, after)
    version = {"was": digest_flat(before), "version": after["source_version_at"]}
    return Change(PERSON, profile_id, profile_id, was, {**came, **version, **left})
