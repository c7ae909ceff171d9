"""Pulling what a platform knows: page by page, kept together with where the next one begins.

A worker takes a lease, asks the platform outside any transaction, and applies what was read, the
counts and the cursor in one, while the next pages are fetched. A worker that dies leaves the run
behind the last page that was applied; when its lease has passed another goes on there. A page that
was fetched twice is applied once: the lease is checked in the transaction that applies it. What a
pull brings is history: it starts no flow.
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import structlog
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q

from crm.choices import StoreStatus
from crm.errors import IngestConflict
from kernel import clock
from kernel.arrays import array
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid, NotFound
from kernel.http import AddressForbidden, Client, HttpUnavailable
from kernel.scope import current_tenant_id
from kernel.secrets import decrypt
from kernel.sql import run_sql
from kernel.work import ring
from stores.choices import DeliverySource, DeliveryStatus, SyncStatus
from stores.errors import LeaseLost, PullBusy, PullRefused, PullUnavailable
from stores.models import Connection, SyncRun
from stores.platforms import KEEPERS, POLLED, PULLERS
from stores.platforms.base import Puller
from stores.queries import webhook_url
from stores.services.inbox import NOT_POISON, NOTHING_NEW, Outcome, apply_deliveries
from stores.services.reading_ahead import PageReader
from stores.services.strays import note_if_stray
from stores.types import (
    Checked,
    Delivery,
    Pulled,
    PulledPage,
    PullPlan,
    StoreAccess,
    StoreContext,
)
from tenants.services import audit

log = structlog.get_logger(__name__)

SYNC: Final = "sync"
OPEN: Final = (SyncStatus.QUEUED, SyncStatus.RUNNING, SyncStatus.WAITING)
LEASE: Final = timedelta(minutes=5)
"""How long a worker may take to read on and apply until it is taken for dead."""
BACK_OFF: Final = (10, 30, 60, 300, 900)
"""Seconds until a platform that does not answer is asked again; from then on the last."""
TRIES: Final = 100
"""So many times in a row, about a day, until a run is given up."""
CONFLICT_TRIES: Final = 5
EVERY: Final = timedelta(hours=1)
"""How often a store that was pulled once is asked for what webhooks missed."""
OVERLAP: Final = timedelta(hours=3)
DAILY_OVERLAP: Final = timedelta(days=3)
"""How far back it is asked: more once a day, for a shop whose clock is behind."""
A_DAY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)
CHECK_SECONDS: Final = 8.0
UNKNOWN_FAULT: Final = "Something went wrong on our side; the log of the installation says what"
RELEASED_NOTE: Final = "A later pull of the same object was applied"
NO_ADDRESS: Final = "This store is not connected, so there is nobody to ask"
NOT_PULLED: Final = "Stores of this platform are not asked yet: what they know comes by webhook"


@dataclass(slots=True)
class _Claim:
    """A run in the hands of this worker."""

    run_id: int
    lease: str
    since: datetime | None
    cursor: Mapping[str, Any] | None
    access: StoreAccess
    puller: Puller


def start_sync(store_id: int, *, since: datetime | None = None, actor: str = audit.SYSTEM) -> int:
    """Begin to pull a store of the active tenant, and ring; one that is open goes on instead.

    Args:
        store_id: a connected store whose platform can be asked.
        since: only what changed after it; None is everything.
        actor: e-mail address of the member.

    Returns:
        The id of the run.

    Raises:
        NotFound: the tenant has no such connected store.
        Invalid: its platform is not asked.
        Conflict: another run was begun at the same moment.
    """
    with transaction.atomic():
        found = Connection.objects.select_related("store").filter(store_id=store_id).first()
        if found is None or found.store.status != StoreStatus.CONNECTED:
            raise NotFound(NO_ADDRESS)
        if found.store.platform not in PULLERS:
            raise Invalid(NOT_PULLED)
        run_id = _go_on(store_id) or _begin(store_id, since)
        after = {"run": run_id, "since": since.isoformat() if since else None}
        audit.record("store.sync_started", "store", store_id, after=after, actor=actor)
        ring(SYNC, current_tenant_id())
    return run_id


def cancel_syncs(store_id: int) -> int:
    """End what is open for a store; a page that is being fetched is not kept.

    Returns:
        Runs that were ended.
    """
    return SyncRun.objects.filter(store_id=store_id, status__in=[*OPEN, SyncStatus.PAUSED]).update(
        status=SyncStatus.CANCELLED, finished_at=clock.now(), lease="", lease_until=None
    )


def drain_syncs(deadline: Deadline) -> int:
    """Work on the active tenant's pulls, the one that waited longest first.

    Args:
        deadline: when to stop; a page that was begun ends first.

    Returns:
        Turns; 0 when no pull is due or other workers hold them.
    """
    turns = 0
    while not deadline.passed and (_begin_due() or take_turn(deadline)):
        turns += 1
    return turns


def take_turn(deadline: Deadline, run_id: int | None = None) -> bool:
    """Fetch and apply pages of one run until it ends or the time is up.

    Args:
        deadline: when to stop.
        run_id: this run alone; None is the one that waited longest.

    Returns:
        False when there was nothing to take.
    """
    claim = _claim(run_id)
    if claim is None:
        return False
    _work_safely(claim, deadline)
    return True


def _work_safely(claim: _Claim, deadline: Deadline) -> None:
    try:
        _work(claim, deadline)
    except LeaseLost:
        log.warning("sync_lease_lost", run=claim.run_id)
    except PullBusy as exc:
        _wait(claim, exc.seconds, exc.reason)
    except (PullRefused, AddressForbidden) as exc:
        _settle(claim, status=SyncStatus.PAUSED, detail=describe_failure(exc))
    except (PullUnavailable, HttpUnavailable) as exc:
        _try_again(claim, describe_failure(exc))
    except NOT_POISON:
        raise
    except Exception:
        log.exception("sync_failed", run=claim.run_id)
        _try_again(claim, UNKNOWN_FAULT)
    else:
        _release(claim)


def describe_failure(exc: Exception) -> str:
    """Return why a platform was not read, as a sentence for people without its full stop."""
    if isinstance(exc, HttpUnavailable):
        return f"The shop cannot be reached: {exc}"
    return str(exc)


def check_access(store_id: int) -> Checked:
    """Try the credentials of a store; waits for the shop, at most some seconds.

    Call it outside any transaction.

    Raises:
        NotFound: the store is not connected.
        Invalid: its platform is not asked.
    """
    with transaction.atomic():
        access, puller = read_access(store_id)
    try:
        with Client(read_seconds=CHECK_SECONDS) as client:
            return Checked(is_good=True, text=puller.check(access, client))
    except PullBusy as exc:
        text = f"The shop asks for patience; try again in {exc.seconds:.0f} seconds."
    except (PullRefused, PullUnavailable, HttpUnavailable) as exc:
        text = f"{describe_failure(exc)}."
    return Checked(is_good=False, text=text)


def read_access(store_id: int) -> tuple[StoreAccess, Puller]:
    """Return how a store of the active tenant is asked, its credentials in the clear.

    Call it inside a transaction.

    Raises:
        NotFound: it is not connected.
        Invalid: its platform is not asked.
    """
    found = Connection.objects.select_related("store").filter(store_id=store_id).first()
    if found is None:
        raise NotFound(NO_ADDRESS)
    store = found.store
    puller = PULLERS.get(store.platform)
    if puller is None:
        raise Invalid(NOT_PULLED)
    kept = found.credentials_encrypted
    context = StoreContext(store.pk, store.platform, store.currency, store.timezone)
    access = StoreAccess(
        url=store.url.rstrip("/"),
        credentials=json.loads(decrypt(kept)) if kept else {},
        store=context,
        webhook_url=webhook_url(store.platform, found.token),
    )
    return access, puller


def _go_on(store_id: int) -> int | None:
    """Let the open run of a store go on at once."""
    found = SyncRun.objects.select_for_update(no_key=True).filter(
        store_id=store_id, status__in=[*OPEN, SyncStatus.PAUSED]
    )
    run = found.first()
    if run is None:
        return None
    if run.status != SyncStatus.RUNNING:
        SyncRun.objects.filter(pk=run.pk).update(
            status=SyncStatus.QUEUED, wake_at=clock.now(), tries=0, detail=""
        )
    return run.pk


@transaction.atomic
def _begin_due() -> bool:
    """Begin to ask one store for what webhooks missed; one with an open pull is passed by."""
    now = clock.now()
    found = (
        Connection.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(pull_due_at__lte=now, store__status=StoreStatus.CONNECTED)
        .order_by("pull_due_at")
        .first()
    )
    if found is None:
        return False
    Connection.objects.filter(pk=found.pk).update(pull_due_at=now + EVERY)
    runs = SyncRun.objects.filter(store_id=found.store_id)
    runs.filter(created_at__lt=now - KEPT, finished_at__isnull=False).delete()
    last = runs.filter(status=SyncStatus.FINISHED, started_at__isnull=False).order_by("-pk").first()
    if last is None or runs.filter(status__in=[*OPEN, SyncStatus.PAUSED]).exists():
        return True
    began_at = last.started_at or now
    is_new_day = began_at.date() != now.date()
    _begin(found.store_id, began_at - (DAILY_OVERLAP if is_new_day else OVERLAP))
    return True


def _begin(store_id: int, since: datetime | None) -> int:
    now = clock.now()
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                store_id=store_id, since=since, wake_at=now, created_at=now
            )
    except IntegrityError as exc:
        raise Conflict("This store is being pulled already") from exc
    return run.pk


@transaction.atomic
def _claim(run_id: int | None) -> _Claim | None:
    now = clock.now()
    due = SyncRun.objects.select_for_update(skip_locked=True, no_key=True).filter(
        Q(lease_until=None) | Q(lease_until__lte=now), status__in=OPEN, wake_at__lte=now
    )
    if run_id is not None:
        due = due.filter(pk=run_id)
    run = due.order_by("wake_at", "pk").first()
    if run is None:
        return None
    access, puller = read_access(run.store_id)
    lease = secrets.token_hex(16)
    SyncRun.objects.filter(pk=run.pk).update(
        status=SyncStatus.RUNNING,
        lease=lease,
        lease_until=now + LEASE,
        started_at=run.started_at or now,
    )
    return _Claim(run.pk, lease, run.since, run.cursor, access, puller)


def _work(claim: _Claim, deadline: Deadline) -> None:
    with Client() as client:
        if claim.cursor is None:
            plan = _start(claim, client)
            _hold(claim, cursor=dict(plan.cursor), expected=plan.expected)
            claim.cursor = plan.cursor

        def fetch(cursor: Mapping[str, Any]) -> PulledPage:
            return claim.puller.fetch(claim.access, client, cursor)

        with PageReader(fetch, claim.cursor, deadline) as reader:
            while pages := reader.take():
                _apply_retrying(claim, pages)
                last = pages[-1]
                if last.rest_seconds and last.cursor is not None:
                    raise PullBusy(last.rest_seconds, last.resting)


def _start(claim: _Claim, client: Client) -> PullPlan:
    """Find out how much is to come; a platform may be told of the store's address with it.

    That address may be one of before by then, whatever came of the rest.
    """
    try:
        return claim.puller.start(claim.access, client, claim.since)
    finally:
        if claim.access.store.platform in KEEPERS:
            note_if_stray(claim.access)


def _apply_retrying(claim: _Claim, pages: Sequence[PulledPage]) -> None:
    for _ in range(CONFLICT_TRIES):
        try:
            with transaction.atomic():
                return _apply_pages(claim, pages)
        except IngestConflict:
            log.info("sync_conflict", run=claim.run_id)
    raise PullUnavailable("Other stores bring the same people just now")


def _apply_pages(claim: _Claim, pages: Sequence[PulledPage]) -> None:
    """Apply pages that follow each other, and write how far the run is."""
    now = clock.now()
    cursor = pages[-1].cursor
    _hold(
        claim,
        cursor=None if cursor is None else dict(cursor),
        read_count=F("read_count") + sum(page.read for page in pages),
        tries=0,
        detail="",
        **({} if cursor is not None else {"status": SyncStatus.FINISHED, "finished_at": now}),
    )
    objects = [each for page in pages for each in page.objects]
    source = _source(claim, now)
    deliveries = [
        Delivery(
            id=place,
            topic=each.topic,
            source=source,
            headers={},
            body=each.body,
            triggered_at=None,
            received_at=now,
            payload=each.payload,
        )
        for place, each in enumerate(objects)
    ]
    if cursor is None:
        mine = Connection.objects.filter(store_id=claim.access.store.store_id)
        mine.update(pull_due_at=now + EVERY)
    outcomes = apply_deliveries(deliveries, claim.access.store, now)
    counts = _count(outcomes)
    SyncRun.objects.filter(pk=claim.run_id).update(
        **{name: F(name) + number for name, number in counts.items()}
    )
    _file_refused(claim, objects, outcomes, now)


def _source(claim: _Claim, now: datetime) -> DeliverySource:
    """Return what objects of a run are taken as: history, which starts no flow.

    A platform that sends nothing by itself is asked instead, so that what is new in the days that
    it is asked for again and again counts as if it had been sent.
    """
    is_recent = claim.since is not None and claim.since >= now - DAILY_OVERLAP - A_DAY
    is_news = is_recent and claim.access.store.platform in POLLED
    return DeliverySource.WEBHOOK if is_news else DeliverySource.SYNC


def _count(outcomes: Iterable[Outcome]) -> dict[str, int]:
    counts = dict.fromkeys(
        ("written_count", "unchanged_count", "ignored_count", "quarantined_count"), 0
    )
    for outcome in outcomes:
        if outcome.status == DeliveryStatus.APPLIED:
            is_old = outcome.reason == NOTHING_NEW
            counts["unchanged_count" if is_old else "written_count"] += 1
        else:
            counts[f"{outcome.status.value}_count"] += 1
    return counts


def _file_refused(
    claim: _Claim, objects: Sequence[Pulled], outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Put what could not be applied into the inbox, where people see and retry it.

    Of an object that stands on two pages the later word counts.
    """
    by_place = sorted(outcomes, key=lambda each: each.delivery_id)
    last = {f"{SYNC}:{objects[each.delivery_id].name}": each for each in by_place}
    refused = {
        name: each for name, each in last.items() if each.status == DeliveryStatus.QUARANTINED
    }
    by_topic = sorted(refused.items(), key=lambda item: objects[item[1].delivery_id].topic)
    for topic, group in groupby(by_topic, key=lambda item: objects[item[1].delivery_id].topic):
        found = dict(group)
        run_sql(
            "stores.file_documents",
            store_id=claim.access.store.store_id,
            topic=topic,
            file=f"pull {claim.run_id}",
            source=DeliverySource.SYNC,
            ids=array(found),
            bodies=array(objects[each.delivery_id].body.decode() for each in found.values()),
            reasons=array(each.reason for each in found.values()),
            now=now,
        )
    if applied := [name for name in last if name not in refused]:
        run_sql(
            "stores.release_documents",
            store_id=claim.access.store.store_id,
            ids=array(applied),
            note=RELEASED_NOTE,
            now=now,
        )


@transaction.atomic
def _hold(claim: _Claim, **values: Any) -> None:
    """Write to the run as long as it is this worker's; the lease begins anew.

    Raises:
        LeaseLost: it is not.
    """
    held = _mine(claim).update(lease_until=clock.now() + LEASE, **values)
    if not held:
        raise LeaseLost


@transaction.atomic
def _settle(claim: _Claim, **values: Any) -> None:
    _mine(claim).update(lease="", lease_until=None, **values)


def _release(claim: _Claim) -> None:
    _settle(claim, wake_at=clock.now())


def _wait(claim: _Claim, seconds: float, detail: str) -> None:
    wake_at = clock.now() + timedelta(seconds=seconds)
    _settle(claim, status=SyncStatus.WAITING, wake_at=wake_at, detail=detail)


def _try_again(claim: _Claim, reason: str) -> None:
    with transaction.atomic():
        tries = _mine(claim).values_list("tries", flat=True).first()
    if tries is None:
        return
    if tries + 1 >= TRIES:
        detail = f"{reason}. Given up after {TRIES} tries; start it again when the shop answers."
        _settle(claim, status=SyncStatus.FAILED, detail=detail, finished_at=clock.now())
        return
    seconds = BACK_OFF[min(tries, len(BACK_OFF) - 1)]
    wake_at = clock.now() + timedelta(seconds=seconds)
    values = {"tries": tries + 1, "wake_at": wake_at, "detail": reason}
    _settle(claim, status=SyncStatus.WAITING, **values)


def _mine(claim: _Claim) -> models.QuerySet[SyncRun]:
    return SyncRun.objects.filter(pk=claim.run_id, lease=claim.lease, status=SyncStatus.RUNNING)
