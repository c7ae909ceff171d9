"""Placing people in flows whose time comes round: a scan for each such flow, every quarter hour.

Their dates, and the days on which what they bought runs out.

A scan looks back as far as clocks differ from the last one on. So who moves to another zone on the
day itself, or whose date is only told that day, still enters, once: a date comes round for a person
and flow under one key. Later than that nobody is made up for.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction

from crm.queries.refills import are_purchases_known
from flows.choices import RUNNING
from flows.domain.graph import Graph
from flows.domain.occurrences import (
    YEARLESS,
    days_between,
    falls_on,
    find_occurrences,
    seek,
    start_instant,
)
from flows.domain.starts import DATE_REACHED, REFILL_DUE, DateTrigger, RefillTrigger
from flows.models import DateScan, Flow
from flows.queries.dates import Dated, find_dated, find_recorded
from flows.queries.people import KEPT_DATES
from flows.queries.refills import find_refills
from flows.queries.versions import find_graphs, list_live
from flows.services.knocking import NewStart, start_runs
from flows.services.turns import TurnFailed, claim_due, take_turns, turn_of
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import current_tenant_id
from kernel.work import ring
from tenants.queries import get_tenant

KIND: Final = "dates"
STEP: Final = timedelta(minutes=15)
"""Clocks of the world differ by quarters of an hour."""
LOOK_BACK: Final = timedelta(hours=26)
SCANNED: Final = (DateTrigger, RefillTrigger)
"""Triggers that nothing but the time sets off."""
_ANEW: Final[dict[str, Any]] = {"until": None, "after": 0}

log = structlog.get_logger(__name__)


def keep_scan(flow: Flow, graph: Graph | None) -> None:
    """Begin, go on or stop looking for what comes round, in the transaction that changes the flow.

    Args:
        flow: as it is now.
        graph: its live definition; None before the first.
    """
    is_asked = graph is not None and isinstance(graph.trigger, SCANNED)
    if flow.status not in RUNNING or not is_asked:
        DateScan.objects.filter(flow_id=flow.pk).delete()
        return
    now = clock.now()
    begin = {"since": now, "seen_until": now, "due_at": now}
    _, is_new = DateScan.objects.get_or_create(flow_id=flow.pk, defaults=begin)
    if not is_new:
        DateScan.objects.filter(flow_id=flow.pk).update(due_at=now, **_ANEW)
    ring(KIND, current_tenant_id())


def scan_due(deadline: Deadline) -> int:
    """Look whose date comes round, of every flow of the active tenant that is due.

    Each page of people is a transaction that keeps how far it came, so a worker that dies is
    followed by one that goes on from there. A scan that fails is begun anew in a quarter of an
    hour; the other flows go on.

    Args:
        deadline: when to stop claiming.

    Returns:
        Pages looked at; 0 when nothing is due or other workers hold it.

    Raises:
        OperationalError: the database was lost or chose this page as a deadlock's victim; it is
            safe to call again.
    """
    return take_turns(_scan_next, _postpone, deadline)


@transaction.atomic
def _scan_next() -> bool:
    now = clock.now()
    scan = claim_due(DateScan.objects.all(), now)
    if scan is None:
        return False
    scan.until = scan.until or now
    with turn_of(scan.pk):
        graph = _find_graph(scan.flow_id)
        can_see = graph is None or _can_see(graph)
        after = _place_page(scan, graph, scan.until) if graph and can_see else None
    if after is None:
        if can_see:
            scan.seen_until = scan.until
        scan.due_at, scan.until, scan.after = _next_step(now), None, 0
    else:
        scan.after = after
    scan.save(update_fields=["seen_until", "due_at", "until", "after"])
    return True


@transaction.atomic
def _postpone(failure: TurnFailed) -> None:
    log.error("date_scan_failed", scan=failure.row_id, exc_info=failure.cause)
    later = clock.now() + STEP
    DateScan.objects.filter(pk=failure.row_id).update(due_at=later, **_ANEW)


def _find_graph(flow_id: int) -> Graph | None:
    """Return the live definition of a flow that time sets off; None of any other."""
    live = [each for each in list_live() if each.flow_id == flow_id]
    graphs = find_graphs([each.version_id for each in live]).values()
    return next((each for each in graphs if isinstance(each.trigger, SCANNED)), None)


def _can_see(graph: Graph) -> bool:
    """Say whether all that a flow looks for is known; else the next scan looks back as far."""
    return not isinstance(graph.trigger, RefillTrigger) or are_purchases_known()


def _place_page(scan: DateScan, graph: Graph, now: datetime) -> int | None:
    """Start the runs of the next page; return where the page after begins, None after the last."""
    begins = max(scan.since, now - graph.max_event_age, scan.seen_until - LOOK_BACK)
    if isinstance(graph.trigger, RefillTrigger):
        return _place_refills(scan, graph.trigger, begins, now)
    if isinstance(graph.trigger, DateTrigger):
        return _place_dates(scan, graph.trigger, begins, now)
    return None


def _place_refills(
    scan: DateScan, trigger: RefillTrigger, begins: datetime, now: datetime
) -> int | None:
    page = find_refills(trigger.percent, since=begins, until=now, after=scan.after)
    _start_fresh([_start_refill(scan.flow_id, row) for row in page.rows])
    return page.next_after


def _place_dates(
    scan: DateScan, trigger: DateTrigger, begins: datetime, now: datetime
) -> int | None:
    account = get_tenant(current_tenant_id()).timezone
    occurrences = find_occurrences(trigger, days_between(begins, now))
    if not occurrences:
        return None
    sought = seek(trigger.repeats, occurrences)
    page = find_dated(trigger.name, sought, max(occurrences), account, after=scan.after)
    _start_fresh(list_date_starts(scan.flow_id, trigger, page.people, occurrences, (begins, now)))
    return page.after


def _start_fresh(starts: Sequence[NewStart]) -> None:
    """Start the runs of whom nothing was recorded yet."""
    told = find_recorded([start.key for start in starts])
    if fresh := [start for start in starts if start.key not in told]:
        start_runs(fresh)


def list_date_starts(
    flow_id: int,
    trigger: DateTrigger,
    people: Sequence[Dated],
    occurrences: Mapping[date, date],
    span: tuple[datetime, datetime],
) -> list[NewStart]:
    """Return who enters a flow because their date comes round.

    Args:
        flow_id: the flow.
        trigger: what starts it.
        people: who carries such a date.
        occurrences: the days on which a date comes round, with the days on which people enter.
        span: instants; they enter after the first one, up to the second.
    """
    begins, until = span
    return [
        _start(flow_id, trigger, dated, occurrence, at)
        for dated in people
        for occurrence, day in occurrences.items()
        if _comes_round(trigger, dated.said, occurrence)
        and begins < (at := start_instant(trigger, day, dated.zone)) <= until
    ]


def _comes_round(trigger: DateTrigger, said: date, occurrence: date) -> bool:
    """Say whether a date comes round; what is kept of everybody does not on its very day."""
    if trigger.name in KEPT_DATES and said == occurrence and not trigger.n:
        return False
    return falls_on(trigger.repeats, said, occurrence)


def _start(
    flow_id: int, trigger: DateTrigger, dated: Dated, occurrence: date, at: datetime
) -> NewStart:
    said: dict[str, Any] = {"property": trigger.name, "date": occurrence.isoformat()}
    if dated.said.year != YEARLESS:
        said["since"] = dated.said.isoformat()
        said["years"] = occurrence.year - dated.said.year
    return NewStart(
        name=DATE_REACHED,
        flow_id=flow_id,
        profile_id=dated.profile_id,
        at=at,
        key=f"flow_date:{flow_id}:{dated.profile_id}:{occurrence:%Y-%m-%d}",
        properties=said,
    )


def _start_refill(flow_id: int, row: Any) -> NewStart:
    return NewStart(
        name=REFILL_DUE,
        flow_id=flow_id,
        profile_id=row.profile_id,
        at=row.due_at,
        key=f"flow_refill:{flow_id}:{row.id}",
        store_id=row.store_id,
        properties={
            "line_id": row.id,
            "order_id": row.order_id,
            "number": row.number,
            "product_id": row.product_id,
            "title": row.title,
            "url": row.url,
            "image_url": row.image_url,
            "quantity": int(row.quantity),
            "days": round(float(row.days) * int(row.quantity), 1),
            "ordered_at": row.ordered_at.isoformat(),
        },
    )


def _next_step(now: datetime) -> datetime:
    """Return the next quarter of an hour."""
    minutes = int(STEP.total_seconds() // 60)
    floor = now.replace(minute=now.minute - now.minute % minutes, second=0, microsecond=0)
    return floor + STEP
