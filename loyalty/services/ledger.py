"""What every posting brings along: balances, lots, facts of the profiles, sums, and events."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from crm.services.events import append_events
from crm.services.facts import write_points
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.formats import find_zone
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from loyalty.choices import EntryKind
from loyalty.services.returning import opening_of, return_expired
from loyalty.services.totals import add_to_days, count_holders
from loyalty.types import Posted
from tenants.queries import get_tenant


def carry_over(
    posted: Sequence[Posted],
    *,
    history: frozenset[int | None],
    now: datetime,
    decided: Collection[int | None] = (),
) -> dict[int, int]:
    """Bring balances, lots and facts along with new entries and say so in events.

    What had expired of points that are taken back now is given back first.

    Must run in the transaction that wrote the entries, with their accounts locked. Of what
    expired whoever posts it tells, for all lots of a day together.

    Args:
        posted: entries that were really new, of any number of profiles.
        history: orders whose entries are history, so that no flow starts from them; None means
            the entries of no order.
        now: aware UTC time of the events.
        decided: profiles whose segments are decided behind this anyway, so that nobody need
            react to the history of their points.

    Returns:
        The new balance of each profile of the entries.
    """
    posted = [*posted, *return_expired(posted)]
    deltas: Counter[int] = Counter()
    for entry in posted:
        deltas[entry.profile_id] += entry.points
    if not deltas:
        return {}
    owners = sorted(deltas)
    balances = _move(owners, posted, now)
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
            if entry.points and entry.kind != EntryKind.EXPIRE
        ]
    )
    return balances


def settle(profile_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Let the lots of accounts hold their balances, and the facts what is ahead of them.

    Their accounts are locked, or their profiles kept from everybody else.

    Returns:
        The balance of each; those without an account are left out.
    """
    return _move(sorted(set(profile_ids)), (), now) if profile_ids else {}


def recount(profile_ids: Sequence[int]) -> None:
    """Set balances, lots and facts of some profiles to what their entries sum up to."""
    if not profile_ids:
        return
    owners, now = sorted(set(profile_ids)), clock.now()
    # Locked in a statement of its own, so that the sum is read after other writers are done.
    before = _balances(run_sql("loyalty.lock_balances", profile_ids=owners))
    after = _balances(run_sql("loyalty.recount_balances", profile_ids=owners))
    run_sql("loyalty.restore_lots", owners=array(owners), now=now)
    settle(owners, now)
    count_holders(before, after)


def _move(owners: Sequence[int], posted: Sequence[Posted], now: datetime) -> dict[int, int]:
    """Bring balances, lots and facts of accounts along with entries; returns the balances."""
    entries = [
        (
            entry.entry_id,
            entry.profile_id,
            str(entry.kind),
            entry.points,
            entry.order_id,
            entry.effective_at,
            opening_of(entry),
        )
        for entry in posted
    ]
    rows = run_sql(
        "loyalty.move_points",
        owners=array(owners),
        zone=find_zone(get_tenant(current_tenant_id()).timezone).key,
        now=now,
        **columns("entry_ids profile_ids kinds points order_ids times openings", entries),
    )
    write_points(
        [(row.profile_id, row.balance, row.pending, row.expiring, row.expire_at) for row in rows]
    )
    return _balances(rows)


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
