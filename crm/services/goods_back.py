"""Products and variants before and after records are applied, and how they are put back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.models import Product, Variant
from crm.services.finding_held import find_held
from crm.services.flags import flag_products, tell_flagged
from crm.services.variant_changes import keep_prices
from crm.types import Change, ProductRecord, Record, StockRecord, TakenBack
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql

PRODUCT, VARIANT = "product", "variant"
CHANGED = "It was changed since."
GONE = "It is not there any more."
ORDERED = "It was ordered, reviewed or changed since."
_OWN = {"crm_variantchange", "crm_productfigures"}
"""Tables whose rows go with a product or a variant."""


@dataclass(slots=True)
class Goods:
    """Rows of the statements `snapshot_products` and `snapshot_variants`, by id; locked."""

    products: dict[int, Any] = field(default_factory=dict)
    variants: dict[int, Any] = field(default_factory=dict)


def read_goods(store_id: int, records: Sequence[Record], *, with_rows: bool) -> Goods:
    """Read and lock the products and variants that records are about."""
    products: list[str] = []
    variants: list[str] = []
    skus: list[str] = []
    for record in records:
        if isinstance(record, ProductRecord):
            products.append(record.external_id)
            variants += [variant.external_id for variant in record.variants]
        elif isinstance(record, StockRecord):
            variants.append(record.variant_external_id)
            skus.append(record.sku)
    if not (products or variants or skus):
        return Goods()
    found = Goods()
    named = {"store_id": store_id, "ids": None, "with_rows": with_rows}
    rows = run_sql("crm.snapshot_products", external_ids=array(products), **named)
    found.products = {row.id: row for row in rows}
    names = {"external_ids": array(variants), "skus": array(sku for sku in skus if sku)}
    found.variants = {row.id: row for row in run_sql("crm.snapshot_variants", **names, **named)}
    return found


def compare_goods(before: Goods, after: Goods) -> list[Change]:
    """Return what became of products and variants."""
    return [
        *_compare(VARIANT, before.variants, after.variants),
        *_compare(PRODUCT, before.products, after.products),
    ]


def take_back_variants(changes: Sequence[Change], reason: str) -> TakenBack:
    """Let variants go that a change made, and give others back what they were."""
    del reason  # nobody's timeline tells of variants
    result, doomed, changed = _judge("variants", changes, Variant, _OWN)
    if changed:
        rows = run_sql("crm.put_back_variants", rows=_json(changed), now=clock.now())
        keep_prices(rows, clock.now())
        _refresh_stock(rows)
        tell_flagged(flag_products({row.product_id for row in rows}))
    if doomed:
        rows = run_sql("crm.remove_variants", ids=array(doomed))
        run_sql("crm.refresh_stock_states", ids=array(sorted({row.product_id for row in rows})))
    result.removed, result.restored = doomed, list(changed)
    return result


def take_back_products(changes: Sequence[Change], reason: str) -> TakenBack:
    """Let products go that a change made, and give others back what they were."""
    del reason
    result, doomed, changed = _judge("products", changes, Product, _OWN)
    if changed:
        run_sql("crm.put_back_products", rows=_json(changed), now=clock.now())
        flag_products(changed)
        tell_flagged(sorted(changed))
    if doomed:
        run_sql("crm.remove_products", ids=array(doomed))
    result.removed, result.restored = doomed, list(changed)
    return result


def _compare(kind: str, before: Mapping[int, Any], after: Mapping[int, Any]) -> list[Change]:
    changes = []
    for key, row in after.items():
        known = before.get(key)
        left = {"mark": row.mark}
        if known is None:
            changes.append(Change(kind, key, None, None, left))
        elif known.mark != row.mark:
            changes.append(Change(kind, key, None, {"row": json.loads(known.full_row)}, left))
    return changes


def _judge(
    what: str, changes: Sequence[Change], model: type[Product | Variant], besides: set[str]
) -> tuple[TakenBack, list[int], dict[int, Mapping[str, Any]]]:
    """Lock rows and say which must stay, which go, and which are put back."""
    ids = array(change.object_id for change in changes)
    names = {"skus": None} if model is Variant else {}
    rows = run_sql(
        f"crm.snapshot_{what}", ids=ids, store_id=None, external_ids=None, with_rows=False, **names
    )
    current = {row.id: row for row in rows}
    created = [change.object_id for change in changes if change.before is None]
    held = find_held(model, created, besides)
    result, doomed, changed = TakenBack(), list[int](), dict[int, Mapping[str, Any]]()
    for change in changes:
        row = current.get(change.object_id)
        if row is None:
            result.kept[change.object_id] = GONE
        elif row.mark != change.after["mark"]:
            result.kept[change.object_id] = CHANGED
        elif change.object_id in held:
            result.kept[change.object_id] = ORDERED
        elif change.before is None:
            doomed.append(change.object_id)
        else:
            changed[change.object_id] = change.before["row"]
    return result, doomed, changed


def _refresh_stock(rows: Sequence[Any]) -> None:
    """Have what is left follow what was told before."""
    stores: dict[int, list[int]] = {}
    for row in rows:
        stores.setdefault(row.store_id, []).append(row.id)
    for store_id, ids in stores.items():
        run_sql("crm.refresh_stock", store_id=store_id, ids=array(ids), items="{}", now=clock.now())
    run_sql("crm.refresh_stock_states", ids=array(sorted({row.product_id for row in rows})))


def _json(changed: Mapping[int, Mapping[str, Any]]) -> str:
    return json.dumps(list(changed.values()))
