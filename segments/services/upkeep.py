"""One writer of scores and memberships per tenant, and when everything is due again."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kernel import clock
from kernel.formats import find_zone
from kernel.sql import run_sql, whole_tenant
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from segments.choices import Cause
from segments.models import RfmScale, Upkeep
from tenants.queries import get_tenant

NIGHT_AFTER_MIDNIGHT = timedelta(hours=2, minutes=30)
GROWTH_DIVISOR = 10
"""A full refresh is due when a tenth of the buyers changed since the last one."""


def lock_upkeep() -> Upkeep:
    """Return the tenant's row, locked until the transaction ends.

    Whoever writes scores or memberships calls this first: a second writer would take the same
    difference and count it twice.
    """
    upkeep = Upkeep.objects.select_for_update(no_key=True)
    if (found := upkeep.first()) is not None:
        return found
    run_sql("segments.ensure_upkeep")
    return upkeep.get()


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
    upkeep.save(update_fields=["changed_count", "due_at", "cause"])


def next_night(now: datetime) -> datetime:
    """Return when everything is due again: half past two of the tenant's next day, in UTC."""
    zone = get_tenant(current_tenant_id()).timezone
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    return clock.start_of_day(tomorrow, zone) + NIGHT_AFTER_MIDNIGHT


def request_refresh(cause: Cause, now: datetime) -> None:
    """Have everything scored and computed again soon, such as after a changed definition."""
    upkeep = lock_upkeep()
    upkeep.due_at, upkeep.cause = now, cause
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
    request_refresh(Cause.DEFINITION, clock.now())


def rebuild_by_week() -> None:
    """Have segments that look at the merchant's week computed again, as quietly."""
    request_refresh(Cause.DEFINITION, clock.now())
