"""Keeps the sums by day in step with the documents, batch by batch, off the path of an order.

Whoever writes documents notes which (`note_change`); here the marks of everybody whom they
concern are taken from the documents anew and the sums move by the difference. So a late order, a
cancellation, a merge or an erasure in any order ends in the same sums as adding up from scratch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from analytics.models import RollupChange, RollupState
from analytics.queries.kpis import CLICK_DAYS
from crm.types import Written
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.scope import current_tenant_id
from kernel.sql import run_sql, whole_tenant
from kernel.work import ring
from tenants.choices import TenantStatus
from tenants.queries import get_tenant

ROWS = 500
"""Changes taken at once."""
DOCUMENTS = 4_000
"""About how many documents are added up in one transaction."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom and what a change concerns, each ascending."""

    person_ids: Sequence[int]
    order_ids: Sequence[int]
    refund_ids: Sequence[int]

    def as_params(self) -> dict[str, str]:
        """Return it as statements bind it."""
        return {
            "persons": array(self.person_ids),
            "order_ids": array(self.order_ids),
            "refund_ids": array(self.refund_ids),
        }


EVERYTHING: dict[str, str | None] = {"persons": None, "order_ids": None, "refund_ids": None}


def note_change(written: Written) -> None:
    """Note that documents or people were written, in the transaction that writes them.

    No bell rings: the sweep finds the row within seconds, and what came in meanwhile is added up
    together.
    """
    if written.order_ids or written.refund_ids or written.profile_ids:
        RollupChange.objects.create(
            order_ids=list(written.order_ids),
            refund_ids=list(written.refund_ids),
            profile_ids=list(written.profile_ids),
        )


def note_people(profile_ids: Iterable[int]) -> None:
    """Note that something about people changed: a merge, an erasure, a click."""
    note_change(Written(profile_ids=sorted(set(profile_ids))))


def add_up(deadline: Deadline) -> int:
    """Bring the sums of the active tenant up to date; new or in a new zone, from scratch.

    Args:
        deadline: when to stop claiming.

    Returns:
        Changes added up; 0 when nothing was due.
    """
    return deadline.repeat(_take_turn)


@transaction.atomic
def rebuild_rollups() -> None:
    """Add up everything from the documents, in the tenant's zone of now.

    A repeat ends in the same rows. Whoever adds up changes meanwhile waits.
    """
    state = _lock_state() or _create_state()
    run_sql("analytics.clear_changes")
    for table in ("ordermark", "refundmark", "profilemark", "dailymetric", "buyergap", "refundsum"):
        run_sql(f"analytics.clear_{table}s")
    with whole_tenant():
        _mark(EVERYTHING)
    zone = get_tenant(current_tenant_id()).timezone
    RollupState.objects.filter(pk=state.pk).update(zone=zone, built_at=clock.now())


def request_rebuild() -> None:
    """Have the sums added up anew soon, as after another zone; the turn itself sees that it is."""
    ring("rollups", current_tenant_id())


def find_reach(changes: Sequence[Any]) -> Reach:
    """Return everybody and everything that changes concern.

    Args:
        changes: with ``order_ids``, ``refund_ids`` and ``profile_ids``, such as `RollupChange`.
    """
    persons = {key for change in changes for key in change.profile_ids}
    orders = {key for change in changes for key in change.order_ids}
    refunds = {key for change in changes for key in change.refund_ids}
    is_whole = False
    while not is_whole:
        reach = Reach(sorted(persons), sorted(orders), sorted(refunds))
        [row] = run_sql("analytics.widen_change", **reach.as_params())
        persons.update(row.person_ids, row.strangers)
        orders.update(row.orders)
        is_whole = not row.strangers
    reach = Reach(sorted(persons), sorted(orders), sorted(refunds))
    found = run_sql("analytics.find_refunds_to_mark", **reach.as_params())
    return Reach(reach.person_ids, reach.order_ids, sorted(row.refund_id for row in found))


@transaction.atomic
def _take_turn() -> int:
    tenant = get_tenant(current_tenant_id())
    if tenant.status == TenantStatus.PURGING:
        return 0  # its rows go, the state first; nothing is added up again
    state = _lock_state()
    if state is None or state.zone != tenant.timezone:
        rebuild_rollups()
        return 1
    claimed = run_sql("analytics.claim_changes", rows=ROWS, documents=DOCUMENTS)
    if claimed:
        _mark(find_reach(claimed).as_params())
    return len(claimed)


def _mark(reach: dict[str, Any]) -> None:
    params = {"zone": get_tenant(current_tenant_id()).timezone, "click_days": CLICK_DAYS, **reach}
    for what in ("orders", "refunds", "profiles"):
        run_sql(f"analytics.mark_{what}", **params)


def _lock_state() -> RollupState | None:
    return RollupState.objects.select_for_update(no_key=True).first()


def _create_state() -> RollupState:
    """Create the row and hold it; of two at once the second waits and finds it."""
    run_sql("analytics.ensure_state", now=clock.now())
    return RollupState.objects.select_for_update(no_key=True).get()
