"""What waits for a person: the one source of Home's list, of the bell and of the page of notices.

Each item says what happened, what was kept, what to do and where. Its mark changes with it, so a
member who put it aside sees it again once there is more of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from analytics.models import Dismissal
from analytics.queries import messaging_notices
from analytics.queries.freshness import find_freshness
from analytics.queries.kpis import list_days, today
from analytics.queries.received import list_alarms
from analytics.types import Attention, Period
from crm.choices import StoreStatus
from flows.queries.runs import StepAlert, find_noticed
from kernel import clock
from kernel.formats import format_number
from segments.queries.costs import Stopped, list_stopped
from stores.choices import SyncStatus
from stores.models import StoreDay
from stores.queries import list_different_days, list_store_health
from stores.queries.outgoing import list_edge_troubles
from stores.services.write_overview import list_troubles
from stores.types import LATE_SECONDS, StoreHealth

SILENT_AFTER = timedelta(hours=24)
USUAL_DAYS = 28
USUAL_ORDERS = 5
"""Orders a day from which on a silent day is worth a word."""
MOST_EVENTS = 5
"""Events that are named; more of them have one cause."""
MOST_SEGMENTS = 5
ALERTED_WITHIN = timedelta(days=7)
STOPPED = (SyncStatus.PAUSED, SyncStatus.FAILED)
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Notices:
    """What waits, as one member sees it: what is new, and what the member put aside."""

    fresh: list[Attention]
    seen: list[Attention]


def list_attention() -> list[Attention]:
    """Return what waits for a person, the most urgent first."""
    flows = find_noticed(clock.now() - ALERTED_WITHIN)
    found = [
        *messaging_notices.list_held(),
        *_stores(),
        *_edges(),
        *_days(),
        *_writes(),
        *_events(),
        *messaging_notices.list_troubles(),
        *_runs(flows.failed),
        *_alerts(flows.alerts),
        *_segments(),
        *_figures(),
    ]
    return sorted(found, key=lambda item: item.tone != "bad")


def list_notices(member_id: int) -> Notices:
    """Return what waits, parted by what a member put aside as it stands."""
    aside = set(Dismissal.objects.filter(member_id=member_id).values_list("key", "mark"))
    fresh: list[Attention] = []
    seen: list[Attention] = []
    for item in list_attention():
        (seen if (item.key, item.mark) in aside else fresh).append(item)
    return Notices(fresh, seen)


def find_item(key: str) -> Attention | None:
    """Return one thing that waits by its key, or None when it waits no more."""
    return next((item for item in list_attention() if item.key == key), None)


def _stores() -> Iterator[Attention]:
    usual = None
    for store in list_store_health():
        if store.lag_seconds > LATE_SECONDS:
            minutes = store.lag_seconds // 60
            yield Attention(
                key=f"store.late:{store.id}",
                mark="late" if store.lag_seconds < _HOUR else f"{store.lag_seconds // _HOUR} h",
                tone="bad",
                title=f"{store.name} is behind",
                text=f"The oldest delivery has waited {minutes} minutes. Nothing is lost; it is"
                f" worked off in order.{_why_it_waits(store)}",
                route="stores:detail",
                id=store.id,
                query="?status=pending",
                action="See deliveries",
            )
        if quarantined := store.counts["quarantined"]:
            many = "delivery" if quarantined == 1 else "deliveries"
            yield Attention(
                key=f"store.quarantined:{store.id}",
                mark=str(quarantined),
                tone="warn",
                title=f"{quarantined:,} quarantined {many}",
                text=f"{store.name}. Each is kept with its reason; retry it once that is mended.",
                route="stores:detail",
                id=store.id,
                query="?status=quarantined",
                action="Read the reasons",
            )
        if store.can_pull and store.pull_status in STOPPED:
            yield _stopped(store)
        if hours := _silent_hours(store):
            usual = _usual_orders() if usual is None else usual
            if usual >= USUAL_ORDERS:
                yield _silent(store, hours, usual)


def _why_it_waits(store: StoreHealth) -> str:
    return f" {store.fetch_detail}." if store.fetch_detail else ""


def _days() -> Iterator[Attention]:
    """Name stores whose orders are not those of their platform, or cannot be compared."""
    by_store: dict[int, list[StoreDay]] = {}
    for day in list_different_days():
        by_store.setdefault(day.store_id, []).append(day)
    for store_id, days in by_store.items():
        newest = days[0]
        many = "1 day differs" if len(days) == 1 else f"{len(days)} days differ"
        yield Attention(
            key=f"days:{store_id}",
            mark=f"{newest.day}:{newest.status}:{len(days)}",
            tone="warn",
            title=f"{newest.store.name}: {many} from the shop",
            text=f"{newest.detail}."
            if newest.detail
            else "Orders are listed that could not be filled in. Open the store to see which.",
            route="stores:detail",
            id=store_id,
            action="Compare",
        )


def _writes() -> Iterator[Attention]:
    """Name what is not written to a store: a lane that rests, and what the store refused."""
    for lane in list_troubles():
        if lane.detail:
            yield Attention(
                key=f"writes.rest:{lane.store_id}:{lane.kind}",
                mark=lane.detail,
                tone="warn",
                title=f"{lane.rests} to {lane.store_name} rests",
                text=f"{lane.detail}. What waits is kept, and written once that is mended.",
                route="stores:writing",
                id=lane.store_id,
                action="See what waits",
            )
        if lane.refused:
            many = "1 change" if lane.refused == 1 else f"{lane.refused:,} changes"
            yield Attention(
                key=f"writes.refused:{lane.store_id}:{lane.kind}",
                mark=str(lane.refused),
                tone="warn",
                title=f"{lane.store_name} refused {many} of {lane.label.lower()}",
                text="Each is kept with its reason; mend the cause, then try again.",
                route="stores:writing",
                id=lane.store_id,
                action="Read the reasons",
            )


def _events() -> Iterator[Attention]:
    """Name events that do not arrive as they usually do; the store's own silence says more."""
    for name, volume in list_alarms()[:MOST_EVENTS]:
        yield Attention(
            key=f"event:{volume.store_id}:{name}",
            mark=f"{volume.health}:{volume.since:%Y-%m-%dT%H}",
            tone="warn",
            title=f"{volume.store}: {name}, {volume.words.lower()}",
            text=f"{volume.window_count:,} came in the last six hours that are counted; usually"
            f" {volume.band} do. Look whether the shop or its script still tells of it.",
            route="analytics:received_event",
            query=f"?{urlencode({'name': name})}",
            action="See what arrives",
        )


def _stopped(store: StoreHealth) -> Attention:
    return Attention(
        key=f"store.pull:{store.id}",
        mark=store.pull_status,
        tone="warn",
        title=f"Fetching from {store.name} has stopped",
        text=f"{store.pull_detail}. What came is kept. Mend it, then fetch again.",
        route="stores:detail",
        id=store.id,
        action="Open the store",
    )


def _silent_hours(store: StoreHealth) -> int:
    """Return for how long a store that sends webhooks has sent none; 0 when that is usual."""
    if not store.webhook_url or store.status != StoreStatus.CONNECTED or not store.last_event_at:
        return 0
    silent = clock.now() - store.last_event_at
    return int(silent.total_seconds() // _HOUR) if silent > SILENT_AFTER else 0


def _silent(store: StoreHealth, hours: int, usual: float) -> Attention:
    return Attention(
        key=f"store.silent:{store.id}",
        mark=f"{hours // 24} d",
        tone="bad",
        title=f"{store.name} has been silent for {hours} hours",
        text=f"Usually {format_number(usual)} orders come in a day. Look whether the shop still"
        " sends its webhooks here.",
        route="stores:detail",
        id=store.id,
        action="Open the store",
    )


def _usual_orders() -> float:
    """Return the mean of orders a day over the last four weeks before yesterday."""
    last = today() - timedelta(days=2)
    days = list_days(Period(last - timedelta(days=USUAL_DAYS - 1), last))
    return sum(day.orders for day in days) / USUAL_DAYS


def _edges() -> Iterator[Attention]:
    troubles = list_edge_troubles()
    names = {store.id: store.name for store in list_store_health()} if troubles.refused else {}
    for item in troubles.refused:
        yield Attention(
            key=f"store.refused:{item.store_id}:{item.reason}",
            mark=str(item.count),
            tone="warn",
            title=item.title,
            text=f"{names[item.store_id]}. {item.advice}",
            route="stores:detail",
            id=item.store_id,
            action="Open the store",
        )
    for endpoint_id, url, reason in troubles.shut:
        yield Attention(
            key=f"webhook.disabled:{endpoint_id}",
            mark=reason,
            tone="bad",
            title=f"A webhook was switched off: {url}",
            text=f"{reason} What happened since waits, and is posted once it is on again.",
            route="stores:webhook",
            id=endpoint_id,
            action="See its deliveries",
        )


def _runs(failed: Sequence[tuple[int, str, int]]) -> Iterator[Attention]:
    for flow_id, name, count in failed:
        yield Attention(
            key=f"runs.failed:{flow_id}",
            mark=str(count),
            tone="warn",
            title=f"{count:,} failed run{'' if count == 1 else 's'}",
            text=f"{name}. Each stands where it failed and goes on once it is resumed.",
            route="flows:runs",
            id=flow_id,
            query="?status=failed",
            action="See the runs",
        )


def _alerts(alerts: Sequence[StepAlert]) -> Iterator[Attention]:
    """Say what steps of flows tell the members; each is new again once somebody else came there."""
    for alert in alerts:
        count = alert.people
        yield Attention(
            key=f"flow.alert:{alert.flow_id}:{alert.node_id}",
            mark=str(alert.latest),
            tone="warn",
            title=alert.text,
            text=f"{alert.flow}: {count:,} {'person' if count == 1 else 'people'} came to this"
            " step within 7 days.",
            route="flows:runs",
            id=alert.flow_id,
            action="See who",
        )


def _segments() -> Iterator[Attention]:
    """Name segments that were stopped; the newest, for many of them have one cause."""
    for segment in list_stopped()[:MOST_SEGMENTS]:
        yield Attention(
            key=f"segment.stopped:{segment.id}",
            mark=segment.stopped_at.isoformat(timespec="seconds"),
            tone="warn",
            title=f"Counting “{segment.name}” was stopped",
            text=_say_stopped(segment),
            route="segments:detail",
            id=segment.id,
            action="Open the segment",
        )


def _say_stopped(segment: Stopped) -> str:
    stays = "Its people stay as they were, so nobody enters or leaves it and no flow starts by it."
    if segment.reason:
        return f"Its conditions cannot be asked: {segment.reason}. {stays} Change them and save."
    return (
        f"It took longer than {segment.allowed}. {stays} Ask for less or for a shorter time in its"
        " conditions; once saved it is counted again."
    )


def _figures() -> Iterator[Attention]:
    freshness = find_freshness()
    if freshness.is_behind:
        minutes = int(freshness.lag.total_seconds() // 60)
        yield Attention(
            key="figures.late",
            mark="late",
            tone="warn",
            title=f"Figures are {minutes} minutes behind",
            text="Newer orders are kept and wait to be added up. If it lasts, look whether the"
            " workers run.",
            route="analytics:overview",
        )
