"""What moved by day and how many people have points, kept in step with entries and balances."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from django.db import transaction

from kernel.arrays import columns
from kernel.formats import find_zone
from kernel.scope import current_tenant_id
from kernel.sql import run_sql, whole_tenant
from loyalty.models import PointsCalendar
from loyalty.types import Posted
from tenants.queries import get_tenant


def add_to_days(posted: Sequence[Posted]) -> None:
    """Add new entries to their days; the last thing that a posting locks."""
    zone = find_zone(_share_calendar())
    moved: Counter[tuple[date, str]] = Counter()
    for entry in posted:
        moved[entry.effective_at.astimezone(zone).date(), str(entry.kind)] += entry.points
    rows = [(day.isoformat(), kind, points) for (day, kind), points in sorted(moved.items())]
    run_sql("loyalty.add_to_days", **columns("days kinds points", rows))


def count_holders(before: Mapping[int, int], after: Mapping[int, int]) -> None:
    """Count who has points now and had none, and the other way round.

    Args:
        before: balance of each account that changes, by profile; one that is new is left out.
        after: likewise; one that is gone is left out.
    """
    had = sum(points > 0 for points in before.values())
    have = sum(points > 0 for points in after.values())
    if had != have:
        run_sql("loyalty.add_holders", holders=have - had)


@transaction.atomic
def rebuild_days() -> None:
    """Cut the days anew in the tenant's zone of now, as after another zone.

    A repeat ends in the same rows. Whoever posts meanwhile waits with entries that are not seen
    yet, and then adds them to the new days.
    """
    run_sql("loyalty.open_calendar", zone=_zone())
    calendar = PointsCalendar.objects.select_for_update(no_key=True).get()
    run_sql("loyalty.clear_days")
    with whole_tenant():
        run_sql("loyalty.sum_entries", zone=_zone())
    PointsCalendar.objects.filter(pk=calendar.pk).update(zone=_zone())


def _share_calendar() -> str:
    """Return the zone of the days, and keep it until the transaction ends."""
    if not (rows := run_sql("loyalty.share_calendar")):
        run_sql("loyalty.open_calendar", zone=_zone())
        rows = run_sql("loyalty.share_calendar")
    return str(rows[0].zone)


def _zone() -> str:
    return find_zone(get_tenant(current_tenant_id()).timezone).key
