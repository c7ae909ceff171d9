"""Compares the orders of stores with their platforms, day by day, and fills in what is missing.

Once a night the last three days of each store, on Mondays the last thirty. A day is a row: whoever
takes its lease asks the platform outside any transaction, and writes what came of it, with the
orders that were fetched, in one. A worker that dies leaves the day due when its lease is over.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from crm.choices import StoreStatus
from crm.errors import IngestConflict
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid, NotFound
from kernel.formats import find_zone
from kernel.http import AddressForbidden, HttpUnavailable
from kernel.scope import current_tenant_id
from kernel.work import ring
from stores.choices import DayStatus, DeliverySource, DeliveryStatus
from stores.domain.audits import Comparison, describe
from stores.domain.day_progress import Progress
from stores.errors import PullRefused, PullUnavailable
from stores.models import Connection, StoreDay
from stores.platforms import AUDITORS
from stores.services.comparing import Claim, Found, Rest, ask
from stores.services.inbox import NOT_POISON, apply_deliveries
from stores.services.syncing import NO_ADDRESS, UNKNOWN_FAULT, describe_failure, read_access
from stores.types import Delivery
from tenants.queries import get_tenant
from tenants.services import audit

log = structlog.get_logger(__name__)

AUDIT: Final = "audit"
NIGHTLY_DAYS: Final = 3
WEEKLY_DAYS: Final = 30
BY_HAND_DAYS: Final = 7
MONDAY: Final = 0
NIGHT_HOUR: Final = 3
"""From then on, by the tenant's clock; stores are spread over the hour."""
SETTLES: Final = timedelta(minutes=15)
"""Orders younger than this are on their way."""
LEASE: Final = timedelta(minutes=10)
PATIENCE: Final = timedelta(minutes=15)
TRIES: Final = 8
SHOWN: Final = 50
CONFLICT_TRIES: Final = 5
KEPT: Final = timedelta(days=90)
NOT_COMPARED: Final = "Stores of this platform are not compared yet"


def check_now(store_id: int, *, actor: str = audit.SYSTEM) -> int:
    """Have the last days of a store compared at once, and ring.

    Args:
        store_id: a connected store whose platform can be compared.
        actor: e-mail address of the member.

    Returns:
        Days that are compared.

    Raises:
        NotFound: the store is not connected.
        Invalid: its platform is not compared.
    """
    with transaction.atomic():
        found = Connection.objects.select_related("store").filter(store_id=store_id).first()
        if found is None or found.store.status != StoreStatus.CONNECTED:
            raise NotFound(NO_ADDRESS)
        if found.store.platform not in AUDITORS:
            raise Invalid(NOT_COMPARED)
        count = _plan(store_id, BY_HAND_DAYS, clock.now(), with_today=True)
        after = {"days": count}
        audit.record("store.check_started", "store", store_id, after=after, actor=actor)
        ring(AUDIT, current_tenant_id())
    return count


def drain_audits(deadline: Deadline) -> int:
    """Plan the nights of the active tenant's stores, and compare the days that are due.

    Args:
        deadline: when to stop; a day that was begun ends first.

    Returns:
        Turns; 0 when nothing is due or other workers hold it.
    """
    turns = 0
    while not deadline.passed and (_plan_night() or _take_day()):
        turns += 1
    return turns


@transaction.atomic
def _plan_night() -> bool:
    now = clock.now()
    found = (
        Connection.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(Q(audit_due_at=None) | Q(audit_due_at__lte=now), pull_due_at__isnull=False)
        .select_related("store")
        .first()
    )
    if found is None:
        return False
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    today = now.astimezone(zone)
    night = today.replace(hour=NIGHT_HOUR, minute=found.pk % 60, second=0, microsecond=0)
    due_at = night if night > today else night + timedelta(days=1)
    Connection.objects.filter(pk=found.pk).update(audit_due_at=due_at)
    StoreDay.objects.filter(store_id=found.store_id, day__lt=(now - KEPT).date()).delete()
    store = found.store
    if store.status == StoreStatus.CONNECTED and store.platform in AUDITORS:
        days = WEEKLY_DAYS if today.weekday() == MONDAY else NIGHTLY_DAYS
        _plan(found.store_id, days, now)
    return True


def _plan(store_id: int, days: int, now: datetime, *, with_today: bool = False) -> int:
    """Let some days of a store be compared: those before today, and today where asked."""
    today = now.astimezone(find_zone(get_tenant(current_tenant_id()).timezone)).date()
    wanted = [today - timedelta(days=back) for back in range(0 if with_today else 1, days + 1)]
    known = StoreDay.objects.filter(store_id=store_id, day__in=wanted)
    known.update(status=DayStatus.DUE, due_at=now, tries=0, progress={})
    present = set(known.values_list("day", flat=True))
    StoreDay.objects.bulk_create(
        [
            StoreDay(store_id=store_id, day=day, status=DayStatus.DUE, due_at=now)
            for day in wanted
            if day not in present
        ],
        ignore_conflicts=True,
    )
    return len(wanted)


def _take_day() -> bool:
    claim = _claim()
    if claim is None:
        return False
    try:
        found = ask(claim)
        _settle_retrying(claim, found)
    except (PullRefused, AddressForbidden) as exc:
        _fail(claim, describe_failure(exc))
    except (PullUnavailable, HttpUnavailable) as exc:
        _wait(claim, describe_failure(exc))
    except NOT_POISON:
        raise
    except Exception:
        log.exception("audit_failed", day=claim.day_id)
        _wait(claim, UNKNOWN_FAULT)
    return True


@transaction.atomic
def _claim() -> Claim | None:
    now = clock.now()
    due = StoreDay.objects.select_for_update(skip_locked=True, no_key=True).filter(
        Q(lease_until=None) | Q(lease_until__lte=now), status=DayStatus.DUE, due_at__lte=now
    )
    row = due.order_by("due_at", "-day").first()
    if row is None:
        return None
    if not Connection.objects.filter(
        store_id=row.store_id, store__status=StoreStatus.CONNECTED
    ).exists():
        StoreDay.objects.filter(store_id=row.store_id, status=DayStatus.DUE).update(
            status=DayStatus.FAILED, detail=NO_ADDRESS, checked_at=now
        )
        return None
    lease = secrets.token_hex(16)
    StoreDay.objects.filter(pk=row.pk).update(lease=lease, lease_until=now + LEASE)
    access, _ = read_access(row.store_id)
    zone = get_tenant(current_tenant_id()).timezone
    since = clock.start_of_day(row.day, zone)
    until = min(clock.start_of_day(row.day + timedelta(days=1), zone), now - SETTLES)
    return Claim(
        day_id=row.pk,
        lease=lease,
        since=since,
        access=access,
        auditor=AUDITORS[access.store.platform],
        progress=Progress.unpack(row.progress, until),
    )


def _settle_retrying(claim: Claim, found: Found) -> None:
    for _ in range(CONFLICT_TRIES):
        try:
            with transaction.atomic():
                return _settle(claim, found)
        except IngestConflict:
            log.info("audit_conflict", day=claim.day_id)
    raise PullUnavailable("Other stores bring the same people just now")


def _settle(claim: Claim, found: Found) -> None:
    """Fill in what was fetched and write how the day stands, as long as it is this worker's."""
    now, progress = clock.now(), claim.progress
    mine = StoreDay.objects.select_for_update(no_key=True).filter(
        pk=claim.day_id, lease=claim.lease
    )
    if mine.only("pk").first() is None:
        return
    mended = _fill_in(claim, found, now)
    present = {one.external_id for one in found.asked} - set(found.deleted)
    progress.asked += describe(found.asked, mended, present)
    if found.rest is not None:
        _pause(claim, found, found.rest, now)
    elif found.comparison is not None:
        _finish(claim, found, found.comparison, now)


def _pause(claim: Claim, found: Found, rest: Rest, now: datetime) -> None:
    if found.comparison is not None:
        claim.progress.note_sums(found.comparison)
    StoreDay.objects.filter(pk=claim.day_id).update(
        progress=claim.progress.pack(),
        due_at=now + timedelta(seconds=rest.seconds),
        detail=rest.reason,
        lease="",
        lease_until=None,
    )


def _finish(claim: Claim, found: Found, comparison: Comparison, now: datetime) -> None:
    before = {one["id"] for one in claim.progress.asked}
    unasked = [one for one in comparison.differences if one.external_id not in before]
    differences = [*claim.progress.asked, *describe(unasked, {})]
    left = [one for one in differences if not one["is_mended"]]
    status = DayStatus.EQUAL if not differences else DayStatus.MENDED
    StoreDay.objects.filter(pk=claim.day_id).update(
        status=DayStatus.DIFFERENT if left else status,
        **claim.progress.note_sums(comparison),
        differences=differences[:SHOWN],
        difference_count=len(differences),
        mended_count=len(differences) - len(left),
        detail=found.doubt,
        checked_at=now,
        progress={},
        lease="",
        lease_until=None,
    )


def _fill_in(claim: Claim, found: Found, now: datetime) -> dict[str, bool]:
    """Apply what was fetched and what is gone; returns which orders are as the platform's now."""
    objects = [*found.fetched, *map(claim.auditor.tell_deleted, found.deleted)]
    if not objects:
        return {}
    deliveries = [
        Delivery(
            id=place,
            topic=each.topic,
            source=DeliverySource.SYNC,
            headers={},
            body=each.body,
            triggered_at=None,
            received_at=now,
        )
        for place, each in enumerate(objects)
    ]
    outcomes = apply_deliveries(deliveries, claim.access.store, now)
    applied = {
        objects[one.delivery_id].name for one in outcomes if one.status == DeliveryStatus.APPLIED
    }
    return {
        one.external_id: claim.auditor.tell_deleted(one.external_id).name in applied
        for one in found.asked
    }


def _fail(claim: Claim, detail: str) -> None:
    with transaction.atomic():
        _mine(claim).update(
            status=DayStatus.FAILED,
            detail=detail,
            checked_at=clock.now(),
            progress={},
            lease="",
            lease_until=None,
        )


def _wait(claim: Claim, detail: str) -> None:
    """Let a day that failed be compared anew later; one that failed too often is given up."""
    with transaction.atomic():
        tries = _mine(claim).values_list("tries", flat=True).first()
        if tries is not None and tries + 1 >= TRIES:
            _fail(claim, detail)
            return
        _mine(claim).update(
            due_at=clock.now() + PATIENCE,
            tries=F("tries") + 1,
            detail=detail,
            progress={},
            lease="",
            lease_until=None,
        )


def _mine(claim: Claim) -> QuerySet[StoreDay]:
    return StoreDay.objects.filter(pk=claim.day_id, lease=claim.lease)
