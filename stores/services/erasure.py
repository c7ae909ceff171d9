"""Forgetting people: what raw deliveries say of them is emptied, the outcome stays on record."""

from collections.abc import Iterable, Sequence

from crm.panels import OrderPart, fill_order_part
from crm.services.erasure import BEFORE_ERASE
from crm.services.repointing import REPOINTED
from crm.types import EraseRecord
from kernel.arrays import array
from kernel.sql import count_sql, run_sql
from stores.services.outgoing import forget_people

_TOLD = ("stores_webhookdelivery", "profile_id")
NOTE = "The content was erased on request"
_NAMED = {"customer": ("id", "customer_id"), "order": ("id", "order_id")}
"""Where a body names a customer or an order by its number."""


def register() -> None:
    """Forget raw deliveries whenever profiles are erased, and show them on the page of an order.

    A repeat registers nothing twice.
    """
    if forget_profiles not in BEFORE_ERASE:
        BEFORE_ERASE.append(forget_profiles)
    if _TOLD not in REPOINTED:
        REPOINTED.append(_TOLD)
    fill_order_part(OrderPart("deliveries", "Deliveries", "stores:order", 40))


def forget_profiles(profile_ids: Sequence[int]) -> None:
    """Forget what names people who are about to be erased: raw deliveries, and what is written.

    What was written to their stores is the stores' own by then; the shop erases its customer.
    """
    count_sql("stores.forget_writes", profile_ids=array(profile_ids))
    forget_people(profile_ids)
    rows = run_sql("stores.list_traces", profile_ids=array(profile_ids))
    _forget(
        (needle for row in rows for needle in _spell(row.kind, row.value)),
        store_id=None,
    )


def forget_named(store_id: int, record: EraseRecord) -> None:
    """Empty the raw deliveries of a store that name whom a privacy request names."""
    named = [
        ("email", record.email),
        ("email", record.email.lower()),
        ("phone", record.phone),
        ("customer", record.external_id),
    ]
    _forget(
        (needle for kind, value in named if value for needle in _spell(kind, value)),
        store_id=store_id,
    )


def empty_store(store_id: int) -> int:
    """Empty every raw delivery of a store that was worked off; returns how many there were."""
    return count_sql("stores.empty_store", store_id=store_id, note=NOTE)


def _forget(needles: Iterable[str], *, store_id: int | None) -> None:
    found = sorted(set(needles))
    if found:
        count_sql("stores.forget_deliveries", store_id=store_id, needles=array(found), note=NOTE)


def _spell(kind: str, value: str) -> list[str]:
    """Return how a value stands in JSON: addresses anywhere, numbers only where they are named."""
    if kind not in _NAMED:
        return [value]
    spaces = ("", " ")
    numbers = [
        f'"{name}":{space}{value}{end}' for name in _NAMED[kind] for space in spaces for end in ",}"
    ]
    return [*numbers, f'"{kind}_id": "{value}"']
