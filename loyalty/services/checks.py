"""Every figure of the ledger recomputed from its facts."""

from collections.abc import Iterator

from django.db import transaction

from kernel import money
from kernel.formats import find_zone
from kernel.sql import run_sql
from kernel.tenancy import current_tenant_id
from loyalty.domain.earning import points_for, points_kept
from tenants.queries import get_tenant


@transaction.atomic
def find_differences() -> list[str]:
    """Return a sentence for each balance, sum or order whose points are not what they should be."""
    return [*_balances(), *_lots(), *_sums(), *_orders()]


def _balances() -> list[str]:
    return [
        f"points of profile {row.profile_id}: balance {row.balance}, entries sum up to {row.total}"
        for row in run_sql("loyalty.list_differences")
    ]


def _lots() -> Iterator[str]:
    for row in run_sql("loyalty.list_wrong_lots"):
        if row.held != row.balance:
            yield f"lots of profile {row.profile_id}: hold {row.held}, balance {row.balance}"
        if row.strange:
            yield f"lots of profile {row.profile_id}: {row.strange} are not those of the entries"
    for row in run_sql("loyalty.list_wrong_ahead"):
        yield f"lots of profile {row.profile_id}: what time will do to them is not what is stored"


def _sums() -> Iterator[str]:
    zone = find_zone(get_tenant(current_tenant_id()).timezone).key
    for row in run_sql("loyalty.list_wrong_days", zone=zone):
        yield f"{row.kind} on {row.day}: stored {row.stored}, entries sum up to {row.counted}"
    [row] = run_sql("loyalty.count_holders")
    if row.stored != row.counted:
        yield f"people with points: stored {row.stored}, counted {row.counted}"


def _orders() -> list[str]:
    unit = 10 ** money.exponent(get_tenant(current_tenant_id()).currency)
    differences = []
    for row in run_sql("loyalty.list_order_figures"):
        expected = points_kept(
            points_for(row.base_gross_minor, unit=unit, rate=row.rate),
            refunded_minor=row.refunded_minor,
            paid_minor=row.gross_minor,
            is_counted=row.is_counted,
        )
        if expected != row.held:
            differences.append(
                f"points of order {row.order_id}: {row.held} posted, {expected} expected"
            )
    return differences
