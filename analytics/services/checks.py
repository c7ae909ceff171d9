"""The rollups computed again: marks from the documents, sums from the marks."""

from typing import Any

from analytics.models import RollupChange, RollupState
from analytics.queries.kpis import CLICK_DAYS
from analytics.services.rollups import EVERYTHING, find_reach
from kernel.scope import current_tenant_id
from kernel.sql import execute, load_sql, run_sql, whole_tenant
from tenants.queries import get_tenant

NAMED = 20
"""Differences of one kind that are named."""
_READ = 1_000


def find_differences() -> list[str]:
    """Compare marks with documents and sums with marks; call it inside a transaction.

    What still waits to be added up is left out, and so is a tenant whose rollups are to be
    built anew, because it is new or changed its zone. Whoever adds up meanwhile waits.

    Returns:
        One line for each difference; empty is right.
    """
    state = RollupState.objects.select_for_update(no_key=True).first()
    if state is None or state.zone != get_tenant(current_tenant_id()).timezone:
        return []
    with whole_tenant():
        marks = [*_wrong_marks("order"), *_wrong_marks("refund"), *_wrong_marks("profile")]
        days = run_sql("analytics.find_wrong_days")
        sums = run_sql("analytics.find_wrong_gaps")
    return [
        *(_without_waiting(marks) if marks else []),
        *(f"sums of {row.day}: {row.stored}, added up {row.added}" for row in days[:NAMED]),
        *(
            f"{row.name} of {row.day} and {row.other_day}: {row.stored}, added up {row.added}"
            for row in sums[:NAMED]
        ),
    ]


def _wrong_marks(what: str) -> list[tuple[str, Any]]:
    params = {"zone": get_tenant(current_tenant_id()).timezone, "click_days": CLICK_DAYS}
    statement = load_sql("analytics.find_wrong_marks")
    for place, name in (("{fresh}", f"{what}s_to_mark"), ("{marks}", f"list_{what}_marks")):
        statement = statement.replace(place, load_sql(f"analytics.{name}"), 1)
    return [(what, row) for row in execute(statement, **EVERYTHING, **params, count=_READ)]


def _without_waiting(rows: list[tuple[str, Any]]) -> list[str]:
    """Name marks, but none that a waiting change concerns; those are read after the marks were."""
    reach = find_reach(list(RollupChange.objects.all()))
    waiting = {
        "order": set(reach.order_ids),
        "refund": set(reach.refund_ids),
        "profile": set(reach.person_ids),
    }
    found = [
        f"mark of {what} {getattr(row, f'{what}_id')}: {row.kind} {row[2:]}"
        for what, row in rows
        if getattr(row, f"{what}_id") not in waiting[what]
        and row.profile_id not in waiting["profile"]
    ]
    return found[:NAMED]
