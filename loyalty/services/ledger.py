"""What every posting brings along: balances, facts of the profiles, sums, and events."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from crm.services.events import append_events
from crm.services.facts import write_points
from crm.types import NewEvent
from kernel.arrays import array
from kernel.sql import run_sql
from loyalty.services.totals import add_to_days, count_holders
from loyalty.types import Posted


def carry_over(
    posted: Sequence[Posted],
    *,
    history: frozenset[int | None],
    now: datetime,
    decided: Collection[int | None] = (),
) -> None:
    """Bring balances and facts along with new entries and say so in events.

    Must run in the transaction that wrote the entries, with their accounts locked.

    Args:
        posted: entries that were really new, of any number of profiles.
        history: orders whose entries are history, so that no flow starts from them; None means
            the entries of no order.
        now: aware UTC time of the events.
        decided: profiles whose segments are decided behind this anyway, so that nobody need
            react to the history of their points.
    """
    deltas: Counter[int] = Counter()
    for entry in posted:
        deltas[entry.profile_id] += entry.points
    if not deltas:
        return
    owners = sorted(deltas)
    rows = run_sql(
        "loyalty.add_to_balances",
        profile_ids=array(owners),
        deltas=array(deltas[profile_id] for profile_id in owners),
    )
    balances = _balances(rows)
    write_points(balances)
    count_holders({key: balances[key] - deltas[key] for key in owners}, balances)
    add_to_days(posted)
    append_events(
        [
            _event(
                entry,
                balances[entry.profile_id],
                is_history=entry.order_id in history,
                is_decided=entry.profile_id in decided,
                at=now,
            )
            for entry in posted
            if entry.points
        ]
    )


def recount(profile_ids: Sequence[int]) -> None:
    """Set balances and facts of some profiles to the sum of their entries."""
    if not profile_ids:
        return
    owners = sorted(set(profile_ids))
    # Locked in a statement of its own, so that the sum is read after other writers are done.
    before = _balances(run_sql("loyalty.lock_balances", profile_ids=owners))
    after = _balances(run_sql("loyalty.recount_balances", profile_ids=owners))
    write_points(after)
    count_holders(before, after)


def _balances(rows: Sequence[Any]) -> dict[int, int]:
    return {int(row.profile_id): int(row.balance) for row in rows}


def _event(
    entry: Posted, balance: int, *, is_history: bool, is_decided: bool, at: datetime
) -> NewEvent:
    return NewEvent(
        name="Points Earned" if entry.points > 0 else "Points Reversed",
        occurred_at=at,
        source="system",
        profile_id=entry.profile_id,
        object_id=entry.entry_id,
        properties={
            "points": entry.points,
            "balance": balance,
            "kind": entry.kind,
            "order_id": entry.order_id,
        },
        is_backfill=is_history,
        is_quiet=is_history and is_decided,
        dedupe_key=f"points:{entry.entry_id}",
    )
