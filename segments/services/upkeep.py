"""One writer of scores and memberships per tenant, and when everything is due again."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS

from kernel import clock
from kernel.formats import find_zone
from kernel.sql import run_kept, run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from segments.choices import Cause
from segments.models import RfmScale, Segment, Upkeep
from tenants.queries import get_tenant

NIGHT_AFTER_MIDNIGHT = timedelta(hours=2, minutes=30)
GROWTH_DIVISOR = 10
"""A full refresh is due when a tenth of the buyers changed since the last one."""


def lock_upkeep() -> Upkeep:
    """Return the tenant's row, locked until the transaction ends.

    Whoever writes scores or memberships calls this first: a second writer would take the same
    difference and count it twice.
    """
    if (found := hold_upkeep()) is not None:
        return found
    run_sql("segments.ensure_upkeep")
    return Upkeep.objects.select_for_update(no_key=True).get()


def hold_upkeep() -> Upkeep | None:
    """Lock the tenant's row as `lock_upkeep`; None before anything was ever counted.

    For whoever may find that nothing is to be done, and then leaves no row behind.
    """
    for row in run_kept("segments.hold_upkeep"):
        return Upkeep.from_db(DEFAULT_DB_ALIAS, row._fields, row)
    return None


def clock_from(now: datetime) -> Callable[[], datetime]:
    """Return what tells the time while a long work goes on that began at an instant.

    Whoever decides memberships asks it with the row locked: all who held the row before asked
    earlier, so that no decision is undone by an older instant.
    """
    began = clock.now()
    return lambda: now + max(clock.now() - began, timedelta())


def note_changed(upkeep: Upkeep, changed: int, *, cause: Cause, now: datetime) -> None:
    """Count buyers whose figures changed; a tenth of all of them makes a full refresh due.

    Args:
        upkeep: locked.
        changed: how many more.
        cause: what the refresh is told as, once due.
        now: aware; when it becomes due.
    """
    if not changed:
        return
    scale = RfmScale.objects.first()
    buyers = scale.buyers if scale else 0
    upkeep.changed_count += changed
    is_ahead = upkeep.due_at is None or upkeep.due_at > now
    if is_ahead and upkeep.changed_count * GROWTH_DIVISOR >= buyers:
        upkeep.due_at, upkeep.cause = now, cause
        ring("segments", current_tenant_id())
    elif not is_ahead and cause == Cause.IMPORT:
        upkeep.cause = cause  # what an import moved must start no flow, whatever asked first
    upkeep.save(update_fields=["changed_count", "due_at", "cause"])


def next_night(now: datetime) -> datetime:
    """Return when everything is due again: half past two of the tenant's next day, in UTC."""
    zone = get_tenant(current_tenant_id()).timezone
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return clock.start_of_day(tomorrow, zone) + NIGHT_AFTER_MIDNIGHT


def request_refresh(cause: Cause, now: datetime) -> None:
    """Have everything scored and computed again soon, such as after a changed definition.

    What an import made due stays history.
    """
    upkeep = lock_upkeep()
    is_due = upkeep.due_at is not None and upkeep.due_at <= now
    if not (is_due and upkeep.cause == Cause.IMPORT):
        upkeep.cause = cause
    upkeep.due_at = now
    upkeep.save(update_fields=["due_at", "cause"])
    ring("segments", current_tenant_id())


def rebuild_by_day() -> None:
    """Have everything that counts the merchant's days computed again, as after another zone.

    Segments change as quietly as by a new definition: nothing happened in anybody's life, so no
    flow starts by it. Movement by day is summed up at once.
    """
    lock_upkeep()
    run_sql("segments.clear_days")
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    with whole_tenant():
        run_sql("segments.sum_days", zone=zone.key)
    _redefine_all()


def rebuild_by_week() -> None:
    """Have segments that look at the merchant's week computed again, as quietly."""
    lock_upkeep()
    _redefine_all()


def redefine(segment_ids: Iterable[int]) -> None:
    """Have segments counted for everybody, quietly, because what they ask is not what it was.

    The caller holds the row of upkeep.
    """
    now = clock.now()
    Segment.objects.filter(pk__in=segment_ids).update(redefined_at=now)
    request_refresh(Cause.DEFINITION, now)


def _redefine_all() -> None:
    redefine(Segment.objects.order_by("pk").values_list("pk", flat=True))
