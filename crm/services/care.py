"""Returns, reviews and tickets of a batch, joined from any number of partial words on each.

A source tells of one thing many times, and often only what changed. The values of all its words
are joined (`crm.domain.telling`): a newer word replaces, an older one fills what is empty, so the
order in which they arrive does not matter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from crm.choices import TOOLS
from crm.domain.purchases import digest
from crm.domain.telling import join
from crm.models import Order, Product, Store
from crm.services.batch import NEW, UNCHANGED, UPDATED, Batch, Item
from crm.services.claims import Claim, claim_of_care
from crm.types.care import CareRecord
from kernel.arrays import array
from kernel.sql import run_sql

SHARED: Final = ("order_external_id", "url")
"""What all of them may say."""
OF_PEOPLE: Final = ("url", "label_url", "note", "title", "body", "author", "subject")
"""What is not kept of an order whose person was erased."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing.

    Attributes:
        model: its table.
        fields: what a record says and a row keeps under the same name, beside `SHARED`.
        settle: makes the joined values hold together; gets them and the version of the newest.
        speak: notes the events of a change.
        needed: what a first word must say, in the order in which it is missed.
    """

    model: Any
    fields: tuple[str, ...]
    settle: Callable[[dict[str, Any], datetime], None]
    speak: Callable[[Batch, "Change"], None]
    needed: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Change:
    """One thing that a batch tells of.

    Attributes:
        before: its row as it was; None for a new one.
        values: what holds after all words of the batch.
        order: that it is about, where it is known; product likewise.
        row: as it was written.
    """

    kind: Kind
    external_id: str
    items: list[Item[Any]]
    before: Any
    values: dict[str, Any] = field(default_factory=dict)
    version_at: datetime | None = None
    claims: list[Claim] = field(default_factory=list)
    order: Any = None
    product_id: int | None = None
    row: Any = None

    @property
    def profile_id(self) -> int | None:
        """Whose it is: the newest word that names somebody, else the order's person."""
        for claim in reversed(self.claims):
            if claim.profile_id is not None:
                return claim.profile_id
        if self.before is not None and self.before.profile_id is not None:
            return int(self.before.profile_id)
        return self.order.profile_id if self.order is not None else None

    @property
    def waits(self) -> bool:
        """Whether nobody is known of it before its order arrives."""
        awaits = bool(self.values["order_external_id"]) and self.order is None
        return self.profile_id is None and awaits

    @property
    def heard(self) -> Any:
        """The row before, unless its events still waited for its order."""
        before = self.before
        if before is None or before.profile_id is not None or before.order_id is not None:
            return before
        return None if before.order_external_id else before


def find_changes(
    batch: Batch, kind: Kind, items: Sequence[Item[Any]], claims: list[Claim]
) -> list[Change]:
    """Join the words of a batch with what is known, thing by thing.

    Args:
        batch: the ingest.
        kind: of all the items.
        items: in order of arrival.
        claims: gets who the records name, to be resolved with the others.
    """
    by_name: dict[str, list[Item[Any]]] = {}
    for item in items:
        by_name.setdefault(item.record.external_id, []).append(item)
    if not by_name:
        return []
    rows = kind.model.objects.filter(store_id=batch.store_id, external_id__in=by_name)
    known = {row.external_id: row for row in rows}
    changes = []
    for name, said in by_name.items():
        change = Change(kind, name, said, known.get(name))
        if _join(batch, change):
            for item in said:
                if claim := _claim(batch, item):
                    change.claims.append(claim)
            claims += change.claims
            changes.append(change)
    return changes


def write_changes(batch: Batch, changes: Sequence[Change]) -> None:
    """Write things whose claims are resolved and whose orders are written, and note events."""
    kept = [change for change in changes if not _is_erased(batch, change)]
    if not kept:
        return
    _find_orders(batch, kept)
    _find_products(batch, kept)
    for kind in {id(change.kind): change.kind for change in kept}.values():
        _write(batch, kind, [change for change in kept if change.kind is kind])


def link_waiting(batch: Batch, kinds: Sequence[Kind], order_external_ids: Sequence[str]) -> None:
    """Give things that came before their orders their order, its person, and their events."""
    rows = run_sql(
        "crm.find_waiting_care", store_id=batch.store_id, external_ids=array(order_external_ids)
    )
    if not rows:
        return
    names = {row.order_external_id for row in rows}
    found = Order.objects.filter(store_id=batch.store_id, external_id__in=names)
    orders = {order.external_id: order for order in found}
    for kind in kinds:
        table = kind.model._meta.db_table
        ids = [row.id for row in rows if row.table_name == table]
        waiting = list(kind.model.objects.filter(pk__in=ids)) if ids else []
        for row in waiting:
            order = orders[row.order_external_id]
            change = Change(kind, row.external_id, [], row, _values(kind, row), order=order)
            had_person = row.profile_id is not None
            row.order, row.profile_id = order, change.profile_id
            change.row = row
            if not had_person:
                change.before = None
                kind.speak(batch, change)
        if waiting:
            kind.model.objects.bulk_update(waiting, ["order", "profile"])


def _join(batch: Batch, change: Change) -> bool:
    """Join all words; says whether there is anything to write, and notes what became of each."""
    kind, names = change.kind, (*SHARED, *change.kind.fields)
    values = _values(kind, change.before) if change.before is not None else {}
    version = change.before.source_version_at if change.before is not None else None
    start = dict(values)
    for item in change.items:
        at = item.record.version_at
        said = {name: _plain(getattr(item.record, name)) for name in names}
        joined = join(values, said, names, is_newer=version is None or at >= version)
        version = at if version is None else max(at, version)
        names_somebody = item.record.customer is not None
        batch.outcomes[item.index] = UPDATED if joined != values or names_somebody else UNCHANGED
        values = joined
    missing = next((name for name in kind.needed if not values.get(name)), "")
    if missing:
        for item in change.items:
            batch.reject(item.index, f"{missing} is missing")
        return False
    assert version is not None  # noqa: S101 every word has one
    kind.settle(values, version)
    change.values, change.version_at = values, version
    if change.before is None:
        batch.outcomes[change.items[0].index] = NEW
        return True
    is_told = any(item.record.customer is not None for item in change.items)
    return is_told or values != start or version > change.before.source_version_at


def _values(kind: Kind, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*SHARED, *kind.fields)}


def _claim(batch: Batch, item: Item[CareRecord]) -> Claim | None:
    return claim_of_care(batch, item.index, item.record)


def _is_erased(batch: Batch, change: Change) -> bool:
    """Refuse what is about somebody who was erased."""
    if not any(claim.is_blocked for claim in change.claims):
        return False
    for item in change.items:
        batch.reject(item.index, "erased")
    return True


def _find_orders(batch: Batch, changes: Sequence[Change]) -> None:
    names = {change.values["order_external_id"] for change in changes} - {""}
    if not names:
        return
    own = Order.objects.filter(store_id=batch.store_id, external_id__in=names)
    found = {order.external_id: order for order in own}
    rest = names - found.keys()
    if rest and batch.platform in TOOLS:
        found |= find_elsewhere(batch.store_id, rest)
    for change in changes:
        change.order = found.get(change.values["order_external_id"])


def find_elsewhere(store_id: int, names: set[str]) -> dict[str, Order]:
    """Return the orders that a tool names by id or number, where only one store has such a one."""
    stores = Store.objects.exclude(pk=store_id).values_list("pk", flat=True)
    by_id = Order.objects.filter(store_id__in=list(stores), external_id__in=names)
    by_number = Order.objects.filter(number__in=names | {f"#{name}" for name in names})
    found: dict[str, dict[int, Order]] = {}
    for order in by_id:
        found.setdefault(order.external_id, {})[order.pk] = order
    for order in by_number:
        for name in {order.number, order.number.removeprefix("#")} & names:
            found.setdefault(name, {})[order.pk] = order
    return {name: next(iter(rows.values())) for name, rows in found.items() if len(rows) == 1}


def _find_products(batch: Batch, changes: Sequence[Change]) -> None:
    names = {change.values.get("product_external_id", "") for change in changes} - {""}
    if not names:
        return
    stores = [batch.store_id]
    if batch.platform in TOOLS:
        stores = list(Store.objects.values_list("pk", flat=True))
    found: dict[str, list[Product]] = {}
    for product in Product.objects.filter(store_id__in=stores, external_id__in=names):
        found.setdefault(product.external_id, []).append(product)
    for change in changes:
        rows = found.get(change.values.get("product_external_id", ""), [])
        own = [row for row in rows if row.store_id == batch.store_id] or rows
        change.product_id = own[0].pk if len(own) == 1 else None


def _write(batch: Batch, kind: Kind, changes: Sequence[Change]) -> None:
    names = ["profile", "order", *SHARED, *kind.fields]
    if "product_external_id" in kind.fields:
        names.append("product")
    fresh = []
    for change in changes:
        change.row = _build(batch, change)
        if change.before is not None and _same(change.before, change.row):
            for item in change.items:
                batch.outcomes[item.index] = UNCHANGED
        fresh.append(change.row)
    kind.model.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["tenant", "store", "external_id"],
        update_fields=[*names, "source_version_at", "source_hash", "updated_at"],
    )
    for change in changes:
        before = change.before
        if before is not None and before.profile_id != change.row.profile_id:
            batch.stale.update(filter(None, (before.profile_id, change.row.profile_id)))
        if not change.waits:
            change.kind.speak(batch, change)


def _build(batch: Batch, change: Change) -> Any:
    before = change.before
    values: dict[str, Any] = dict(change.values)
    if "product_external_id" in values:
        values["product_id"] = change.product_id
    if change.order is not None and change.order.is_erased and change.profile_id is None:
        values |= {name: "" for name in OF_PEOPLE if name in values}
    order_id = change.order.pk if change.order is not None else None
    if order_id is None and before is not None:
        order_id = before.order_id
    return change.kind.model(
        pk=before.pk if before is not None else None,
        store_id=batch.store_id,
        external_id=change.external_id,
        profile_id=change.profile_id,
        order_id=order_id,
        source_version_at=change.version_at,
        source_hash=digest(sorted((name, str(value)) for name, value in values.items())),
        is_backfill=before.is_backfill if before is not None else batch.is_backfill,
        updated_at=batch.now,
        **values,
    )


def _same(before: Any, row: Any) -> bool:
    names = ("source_hash", "profile_id", "order_id", "product_id")
    return all(getattr(before, name, None) == getattr(row, name, None) for name in names)


def _plain(value: Any) -> Any:
    """Return a value as a row keeps it, so that equal ones are equal."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
