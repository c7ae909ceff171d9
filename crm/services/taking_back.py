"""Taking changes back: what they created goes, what they changed is again what it was.

What something newer changed since stays and is named. People who go leave an empty row behind, as
erased ones do, for what still names its id; nothing keeps them from coming back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Model

from crm.models import Order, Product, Refund
from crm.services.events import append_events
from crm.services.finding_held import find_held
from crm.services.goods_back import (
    CHANGED,
    GONE,
    PRODUCT,
    VARIANT,
    take_back_products,
    take_back_variants,
)
from crm.services.ids import lock_final_profiles
from crm.services.ingest import AFTER_APPLY
from crm.services.parting import unmerge_profile
from crm.services.people_back import take_back_people
from crm.services.snapshots import EVENT, MERGE, ORDER, PERSON, REFUND
from crm.services.touches import refresh_touches
from crm.types import Change, NewEvent, TakenBack, Written
from kernel import clock
from kernel.arrays import array
from kernel.errors import DomainError
from kernel.sql import run_sql

REVALUED: list[Callable[[Sequence[int]], None]] = []
"""Called with ids of orders whose worth was taken back, before rows go, in the same transaction.
Filled when an app starts (`AppConfig.ready`)."""

IN_USE = "A refund, a parcel or another word about it came since."


def take_back(changes: Sequence[Change], *, reason: str) -> TakenBack:
    """Take back changes of one kind, in the caller's transaction.

    Kinds are taken back in the order of `crm.services.snapshots.KINDS`, so that people go after
    what they did.

    Args:
        changes: some hundreds at once are best.
        reason: what is taken back, for the timeline, such as the name of a file.

    Returns:
        What became of each.
    """
    if not changes:
        return TakenBack()
    service = {
        EVENT: _take_back_events,
        REFUND: _take_back_refunds,
        ORDER: _take_back_orders,
        VARIANT: take_back_variants,
        PRODUCT: take_back_products,
        MERGE: _take_back_merges,
        PERSON: take_back_people,
    }[changes[0].kind]
    return service(changes, reason)


def _take_back_events(changes: Sequence[Change], reason: str) -> TakenBack:
    rows = run_sql("crm.remove_events", keys=array(change.after["key"] for change in changes))
    _tell({row.profile_id for row in rows if row.profile_id is not None}, reason)
    return TakenBack(removed=[change.object_id for change in changes])


def _take_back_refunds(changes: Sequence[Change], reason: str) -> TakenBack:
    result, current = _judge("refunds", changes, Refund, set())
    doomed, changed = _split(changes, result, current)
    owners = {current[key].profile_id for key in (*doomed, *changed)}
    orders = {current[key].order_id for key in (*doomed, *changed)} - {None}
    if doomed:
        run_sql("crm.remove_events", keys=array(f"order_refunded:{key}" for key in doomed))
        Refund.objects.filter(pk__in=doomed)._raw_delete(Refund.objects.db)  # noqa: SLF001 nothing hangs on a refund
    if changed:
        run_sql("crm.put_back_refunds", refunds=_json([changed[key]["row"] for key in changed]))
    if orders:
        run_sql("crm.sum_refunds", ids=array(sorted(orders)))
    _revalue(sorted(orders), Written(refund_ids=[*doomed, *changed]), owners - {None}, reason)
    result.removed, result.restored = doomed, list(changed)
    return result


def _take_back_orders(changes: Sequence[Change], reason: str) -> TakenBack:
    result, current = _judge(
        "orders", changes, Order, {"crm_orderline", "crm_refillpurchase", "crm_touchpoint"}
    )
    doomed, changed = _split(changes, result, current)
    owners = {current[key].profile_id for key in (*doomed, *changed)}
    if changed:
        owners |= _put_back_orders(changed)
    if doomed:
        Order.objects.filter(pk__in=doomed).update(is_counted=False, cancelled_at=clock.now())
    written = Written(order_ids=[*doomed, *changed], coded_ids=list(changed))
    _revalue([*doomed, *changed], written, owners - {None}, reason)
    if doomed:
        run_sql("crm.remove_events", keys=array(f"order_placed:{key}" for key in doomed))
        rows = run_sql("crm.remove_orders", ids=array(doomed))
        _remove_bare_products([row.product_id for row in rows])
        for listen in AFTER_APPLY:
            listen(Written(coded_ids=doomed))
        refresh_touches(owners - {None})
    result.removed, result.restored = doomed, list(changed)
    return result


def _put_back_orders(changed: Mapping[int, Mapping[str, Any]]) -> set[int]:
    rows = [dict(each["row"]) for each in changed.values()]
    final = lock_final_profiles(row["profile_id"] for row in rows if row["profile_id"])
    for row in rows:
        row["profile_id"] = final.get(row["profile_id"])
    ids = array(changed)
    run_sql("crm.put_back_orders", orders=_json(rows), now=clock.now())
    run_sql("crm.drop_lines", ids=ids, order_ids="{}", line_keys="{}")
    lines = [line for each in changed.values() for line in each["lines"]]
    run_sql("crm.put_back_lines", lines=_json(lines))
    run_sql("crm.sum_refunds", ids=ids)
    return {row["profile_id"] for row in rows if row["profile_id"]}


def _take_back_merges(changes: Sequence[Change], reason: str) -> TakenBack:
    """Undo merges one by one: each moves rows of its own."""
    del reason  # unmerging says so itself
    result = TakenBack()
    for change in sorted(changes, key=lambda each: -each.object_id):
        try:
            unmerge_profile(change.object_id)
        except DomainError as exc:
            result.kept[change.object_id] = f"The two stay one person: {exc.detail}."
        else:
            result.restored.append(change.object_id)
    return result


def _judge(
    what: str, changes: Sequence[Change], model: type[Model], besides: set[str]
) -> tuple[TakenBack, dict[int, Any]]:
    """Lock documents and name those that must stay."""
    rows = run_sql(
        f"crm.snapshot_{what}",
        ids=array(change.object_id for change in changes),
        store_id=None,
        external_ids=None,
        with_rows=False,
    )
    current = {row.id: row for row in rows}
    created = [change.object_id for change in changes if change.before is None]
    held = find_held(model, created, besides)
    result = TakenBack()
    for change in changes:
        row = current.get(change.object_id)
        if row is None:
            result.kept[change.object_id] = GONE
        elif row.mark != change.after["mark"]:
            result.kept[change.object_id] = CHANGED
        elif change.object_id in held:
            result.kept[change.object_id] = IN_USE
        elif change.before is not None and change.profile_id and row.profile_id is None:
            result.kept[change.object_id] = "Its person was erased since."
    return result, current


def _split(
    changes: Sequence[Change], result: TakenBack, current: Mapping[int, Any]
) -> tuple[list[int], dict[int, Mapping[str, Any]]]:
    """Return the ids of what goes, and what is put back by id."""
    free = [each for each in changes if each.object_id not in result.kept]
    free = [each for each in free if each.object_id in current]
    doomed = [each.object_id for each in free if each.before is None]
    return doomed, {each.object_id: each.before for each in free if each.before is not None}


def _revalue(order_ids: Sequence[int], written: Written, owners: set[int], reason: str) -> None:
    for revalue in REVALUED:
        revalue(order_ids)
    if written.order_ids or written.refund_ids:
        for listen in AFTER_APPLY:
            listen(written)
    _tell(owners, reason)


def _tell(owners: set[int], reason: str) -> None:
    """Let figures, scores and segments of some people follow."""
    now = clock.now()
    append_events(
        [
            NewEvent(
                name="Import Undone",
                occurred_at=now,
                source="system",
                profile_id=key,
                object_id=key,
                properties={"file": reason},
                is_backfill=True,
            )
            for key in sorted(owners)
        ],
        now=now,
    )


def _remove_bare_products(product_ids: Sequence[int]) -> None:
    """Remove products of which nothing but the lines that went was known."""
    bare = Product.objects.filter(pk__in=product_ids, source_version_at=None)
    ids = list(bare.values_list("pk", flat=True))
    if not ids:
        return
    free = sorted(set(ids) - find_held(Product, ids, {"crm_productfigures"}))
    run_sql("crm.remove_products", ids=array(free))


def _json(rows: Sequence[Any]) -> str:
    return json.dumps(rows)
