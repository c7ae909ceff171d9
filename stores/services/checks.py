"""Recomputes what stores shall have been told, and names each difference."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from crm.choices import StoreStatus
from crm.queries.store_customers import list_profiles_after, list_store_customers
from kernel import clock
from stores.choices import WriteState
from stores.domain.writing import without
from stores.models import StoreWrite, WriteLane
from stores.services.redemptions import find_wrong_redemptions
from stores.services.wishing import FILL_SIZE, PEOPLE, build_rows

NAMED: Final = 20
"""Differences of one kind that are named one by one; the rest is counted."""
UNTOLD: Final = frozenset({"rfm_group", "loyalty_points"})
"""Figures of which a first group, or points of the past, are no event that anybody hears."""
PATIENCE: Final = timedelta(hours=2)
"""A lane that rests is due again within an hour; one that is overdue for longer is stuck."""


def find_differences() -> list[str]:
    """Compare what is wished of stores with what people are, and find what goes on no more.

    Call it inside a transaction. Changes whose events still wait for handlers show as differences.

    Returns:
        One line for each difference; empty is right.
    """
    lines = (list(_find_stuck()), list(_find_lost()), find_wrong_redemptions())
    return [line for kind in lines for line in _shorten(kind)]


def _find_stuck() -> Iterator[str]:
    """Name lanes with something waiting that nobody will work on."""
    now = clock.now()
    for lane in WriteLane.objects.select_related("store").order_by("pk"):
        waiting = StoreWrite.objects.filter(lane_id=lane.pk, state=WriteState.WAITING)
        is_connected = lane.store.status == StoreStatus.CONNECTED
        if not lane.is_on and waiting.exists():
            yield f"{lane}: something waits, and the lane is off"
        elif lane.is_on and is_connected and lane.due_at is None and waiting.exists():
            yield f"{lane}: something waits, and nobody will write it"
        elif lane.due_at is not None and lane.due_at < now - PATIENCE:
            yield f"{lane}: due since {lane.due_at:%Y-%m-%d %H:%M} UTC"


def _find_lost() -> Iterator[str]:
    """Name customers of whom something else is wished than they are."""
    lanes = WriteLane.objects.select_related("store").filter(
        is_on=True, fill_after=None, kind__in=PEOPLE, store__status=StoreStatus.CONNECTED
    )
    for lane in lanes.order_by("pk"):
        after: int | None = 0
        while after is not None:
            ids = list_profiles_after(after, limit=FILL_SIZE)
            yield from _compare(lane, ids)
            after = ids[-1] if len(ids) == FILL_SIZE else None


def _compare(lane: WriteLane, profile_ids: list[int]) -> Iterator[str]:
    rows = build_rows(lane, list_store_customers(profile_ids, [lane.store_id]))
    subjects = [row[1] for row in rows]
    known = dict(
        StoreWrite.objects.filter(lane_id=lane.pk, subject__in=subjects).values_list(
            "subject", "value"
        )
    )
    for _, subject, value, _, is_empty in rows:
        if is_empty and subject not in known:
            continue
        if _lasting(lane, known.get(subject)) != _lasting(lane, value):
            yield f"{lane}: customer {subject} is wished {known.get(subject)}, recomputed {value}"


def _lasting(lane: WriteLane, value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a wish without what may be a day old, since nobody is told of it.

    Likewise without tags that were left to the store: what was wished of them stays as it was.
    """
    if value is None:
        return None
    kept = frozenset(tag.casefold() for tag in lane.options.get("kept", ()))
    lasting = {name: each for name, each in value.items() if name not in UNTOLD}
    if "tags" in lasting:
        lasting["tags"] = without(lasting["tags"], kept)
    return lasting


def _shorten(lines: list[str]) -> list[str]:
    rest = len(lines) - NAMED
    return [*lines[:NAMED], f"and {rest} more"] if rest > 0 else lines
