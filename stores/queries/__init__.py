"""Reads of stores and of their deliveries, for pages and the API."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Sum

from crm.choices import IdentityKind, StoreStatus
from crm.models import Identity, ImportRun, Store
from crm.queries.sources import find_api_store
from kernel import clock
from kernel.sql import run_sql
from stores.choices import DayStatus, DeliverySource, DeliveryStatus, Refusal, SyncStatus
from stores.domain.day_words import DayLine, describe_day
from stores.domain.sightings import Sighting, read_sighting
from stores.models import (
    Connection,
    InboxDelivery,
    RefusedDeliveries,
    StoreDay,
    SyncRun,
    WriteLane,
)
from stores.platforms import AUDITORS, PULLERS
from stores.platforms.guides import GUIDES, name_platform
from stores.types import (
    LATE_SECONDS,
    KnownShopper,
    PullProgress,
    StoreHealth,
)

COUNT_CEILING = 10_000
"""Counts of deliveries stop here; a page writes 10,000+."""
PAGE_SIZE = 50
SHOWN_BYTES = 256 * 1024
REFUSED_WITHIN = timedelta(hours=24)
NAMED_BY = ("import", "track")
"""What stands before the sender's own id in the id of a delivery."""
OPEN_SYNCS = (SyncStatus.QUEUED, SyncStatus.RUNNING, SyncStatus.WAITING)
DAYS_SHOWN = 10
SEEN_FROM = 25
"""Newest deliveries that are looked through for those of sites."""
TOPICS_FROM = 1000
"""The topics on offer in a filter are those of so many newest deliveries."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows; empty values do not filter."""

    store_id: int
    status: str = ""
    topic: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of deliveries, newest first; the marks lead to its neighbours."""

    rows: list[InboxDelivery]
    next: int | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a delivery for people.

    Attributes:
        content: parsed JSON, or text where it is none.
        is_cut: the body is longer than what is shown.
    """

    content: Any
    size: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class SyncHealth:
    """Whether one store is in step.

    Attributes:
        lag_seconds: age of the oldest waiting delivery; 0 when none waits.
        quarantined: deliveries put aside, at most the ceiling.
        stock_told_at: when it last told how much is left of anything; None for never.
    """

    store_id: int
    name: str
    lag_seconds: int
    quarantined: int
    stock_told_at: datetime | None

    @property
    def is_late(self) -> bool:
        """Whether deliveries wait for longer than a merchant should notice."""
        return self.lag_seconds > LATE_SECONDS


@dataclass(frozen=True, slots=True)
class Refused:
    """Deliveries of one store that the edge turned away for one reason in the last 24 hours.

    Attributes:
        reason: a `Refusal` word.
    """

    store_id: int
    reason: str
    count: int

    @property
    def title(self) -> str:
        """Say how many and why."""
        many = "1 delivery was" if self.count == 1 else f"{self.count:,} deliveries were"
        return f"{many} refused in the last 24 hours: {Refusal(self.reason).label}"

    @property
    def advice(self) -> str:
        """Say what to do about it."""
        return _ADVICE[Refusal(self.reason)]


_ADVICE = {
    Refusal.SIGNATURE: (
        "The sender does not know this store's signing secret. If it is the shop, let it sign "
        "with the secret of this connection; it repeats what was refused."
    ),
    Refusal.TOO_LARGE: "Up to 5 MB are taken. What is in a larger one stays unknown here.",
    Refusal.TRACKING_SIZE: (
        "The sender was told so and what is too large stays unknown here. Let your site or app "
        "send fewer events at once and leave long texts out."
    ),
    Refusal.TRACKING_RATE: (
        "Each is a second in which calls were answered with 429 and taken when they were repeated. "
        "Let your site or app send several events in one call."
    ),
    Refusal.TRACKING_FORMAT: (
        "The sender was told what is missing, and it stays unknown here. Look into the answer "
        "that your site or app gets."
    ),
}


def list_refused(store_id: int | None = None) -> list[Refused]:
    """Return what the edge turned away in the last 24 hours, by store and reason.

    Args:
        store_id: only of this store; None is every store of the active tenant.
    """
    rows = RefusedDeliveries.objects.filter(hour__gt=clock.now() - REFUSED_WITHIN)
    if store_id is not None:
        rows = rows.filter(store_id=store_id)
    counted = rows.values_list("store_id", "reason").annotate(number=Sum("count"))
    return [Refused(*row) for row in counted.order_by("store_id", "reason")]


def list_refused_calls() -> list[Refused]:
    """Return what of sites and apps the edge turned away in the last 24 hours."""
    store_id = find_api_store()
    return [] if store_id is None else list_refused(store_id)


def list_sync_health() -> list[SyncHealth]:
    """Return whether each store is in step, by name; one cheap statement."""
    now = clock.now()
    return [
        SyncHealth(
            row.store_id,
            row.name,
            max(0, int((now - row.oldest_waiting_at).total_seconds()))
            if row.oldest_waiting_at
            else 0,
            row.quarantined,
            row.stock_told_at,
        )
        for row in run_sql("stores.read_sync_health", ceiling=COUNT_CEILING)
    ]


def find_store(store_id: int) -> Store | None:
    """Return one store of the active tenant, or None."""
    return Store.objects.filter(pk=store_id).first()


def list_stores() -> list[Store]:
    """Return the stores of the active tenant by name."""
    return list(Store.objects.order_by("name"))


def webhook_url(platform: str, token: str) -> str:
    """Return the address a storefront posts to."""
    return f"{settings.PUBLIC_URL}/webhooks/{platform}/{token}/"


def list_known_shoppers(store_id: int, *, limit: int) -> list[KnownShopper]:
    """Return customers of a store that have an address, newest first."""
    found = (
        Identity.objects.filter(store_id=store_id, kind=IdentityKind.CUSTOMER_ID)
        .exclude(profile__email="")
        .select_related("profile")
        .order_by("-pk")[:limit]
    )
    return [
        KnownShopper(
            external_id=identity.value_norm.rpartition(":")[2],
            first_name=identity.profile.first_name,
            last_name=identity.profile.last_name,
            email=identity.profile.email,
            country=identity.profile.country,
            city=identity.profile.city,
        )
        for identity in found
    ]


def list_store_health() -> list[StoreHealth]:
    """Return every store of the active tenant with its freshness and its counts, by name."""
    rows = {row.store_id: row for row in run_sql("stores.list_store_health", ceiling=COUNT_CEILING)}
    tokens = dict(Connection.objects.values_list("store_id", "token"))
    now = clock.now()
    return [_health(store, rows[store.pk], tokens.get(store.pk), now) for store in list_stores()]


def find_store_health(store_id: int) -> StoreHealth | None:
    """Return one store of the active tenant likewise, or None."""
    return next((store for store in list_store_health() if store.id == store_id), None)


def list_deliveries(
    wanted: DeliveryFilter, *, after: int | None = None, before: int | None = None
) -> DeliveryPage:
    """Return a page of deliveries without bodies, newest first.

    Args:
        wanted: which.
        after: id of the last row of the page before; older rows follow.
        before: id of the first row of the page after; newer rows, closest first kept.
    """
    found = _matching(wanted).defer("body", "headers")
    if before is not None:
        rows = list(found.filter(pk__gt=before).order_by("pk")[: PAGE_SIZE + 1])
        has_newer = len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE][::-1]
        return DeliveryPage(rows, rows[-1].pk if rows else None, rows[0].pk if has_newer else None)
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: PAGE_SIZE + 1])
    has_older = len(rows) > PAGE_SIZE
    rows = rows[:PAGE_SIZE]
    return DeliveryPage(
        rows,
        rows[-1].pk if has_older else None,
        rows[0].pk if rows and after is not None else None,
    )


def list_topics(store_id: int) -> list[str]:
    """Return the topics among a store's newest deliveries, by name."""
    newest = InboxDelivery.objects.filter(store_id=store_id).order_by("-pk")
    return sorted(set(newest.values_list("topic", flat=True)[:TOPICS_FROM]))


def list_quarantined_ids(wanted: DeliveryFilter, *, limit: int) -> list[int]:
    """Return the ids of a store's quarantined deliveries, oldest first, at most ``limit``."""
    found = _matching(wanted).filter(status=DeliveryStatus.QUARANTINED)
    return list(found.order_by("pk").values_list("pk", flat=True)[:limit])


def find_delivery(delivery_id: int) -> InboxDelivery | None:
    """Return one delivery of the active tenant with its store, or None."""
    return InboxDelivery.objects.select_related("store").filter(pk=delivery_id).first()


def list_deliveries_of_order(
    store_id: int, external_id: str, *, limit: int = PAGE_SIZE
) -> list[InboxDelivery]:
    """Return the deliveries about one order, newest first; bodies are left out."""
    found = InboxDelivery.objects.filter(store_id=store_id, order_external_id=external_id)
    found = found.exclude(order_external_id="").defer("body", "headers")
    return list(found.order_by("-pk")[:limit])


def read_payload(delivery: InboxDelivery) -> Payload:
    """Return the body of a delivery as JSON where it is JSON, else as text."""
    body = bytes(delivery.body)
    text = body[:SHOWN_BYTES].decode("utf-8", "replace")
    is_cut = len(body) > SHOWN_BYTES
    try:
        content = text if is_cut else json.loads(text)
    except (ValueError, RecursionError):
        content = text
    return Payload(content=content, size=len(body), is_cut=is_cut)


def list_import_runs(store_id: int, *, limit: int = 5) -> list[ImportRun]:
    """Return the newest imports into a store."""
    return list(ImportRun.objects.filter(store_id=store_id).order_by("-pk")[:limit])


def find_sync_run(run_id: int) -> SyncRun | None:
    """Return one pull of the active tenant, or None."""
    return SyncRun.objects.filter(pk=run_id).first()


def find_last_sync(store_id: int) -> SyncRun | None:
    """Return the newest pull of a store, or None."""
    return SyncRun.objects.filter(store_id=store_id).order_by("-pk").first()


def find_progress(store_id: int) -> PullProgress | None:
    """Return how far the newest pull of a store is, or None when there was none."""
    run = find_last_sync(store_id)
    if run is None:
        return None
    total = None if run.expected is None else max(run.expected, run.read_count)
    return PullProgress(
        status=run.status,
        detail=run.detail,
        done=run.read_count,
        total=total,
        written=run.written_count,
        unchanged=run.unchanged_count,
        quarantined=run.quarantined_count,
        started_at=run.started_at,
        finished_at=run.finished_at,
        is_open=run.status in OPEN_SYNCS,
        left=_time_left(run, total),
    )


def has_credentials(store_id: int) -> bool:
    """Say whether credentials of the API of a store are kept."""
    kept = Connection.objects.filter(store_id=store_id).exclude(credentials_encrypted="")
    return kept.exists()


def has_open_lanes() -> bool:
    """Say whether any store is written to; whoever switches that on looks at everybody then."""
    return WriteLane.objects.filter(is_on=True, store__status=StoreStatus.CONNECTED).exists()


def _time_left(run: SyncRun, total: int | None) -> str:
    if run.status != SyncStatus.RUNNING or not (run.started_at and run.read_count and total):
        return ""
    passed = (clock.now() - run.started_at).total_seconds()
    seconds = passed * (total - run.read_count) / run.read_count
    minutes = round(seconds / 60)
    return f"about {minutes:,} min left" if minutes else "less than a minute left"


def figures_of_sync(run: SyncRun) -> dict[str, int]:
    """Return what a pull did: objects of the platform, with what hangs on them."""
    return {
        "read": run.read_count,
        "written": run.written_count,
        "unchanged": run.unchanged_count,
        "ignored": run.ignored_count,
        "quarantined": run.quarantined_count,
    }


def count_quarantined() -> int:
    """Return how many deliveries of the active tenant are quarantined, at most the ceiling."""
    found = InboxDelivery.objects.filter(status=DeliveryStatus.QUARANTINED)
    return len(found.values_list("pk", flat=True)[:COUNT_CEILING])


def _matching(wanted: DeliveryFilter) -> QuerySet[InboxDelivery]:
    found = InboxDelivery.objects.filter(store_id=wanted.store_id)
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.topic:
        found = found.filter(topic=wanted.topic)
    if wanted.search:
        names = [wanted.search, *(f"{kind}:{wanted.search}" for kind in NAMED_BY)]
        found = found.filter(delivery_id__in=names)
    return found


def _health(store: Store, row: Any, token: str | None, now: datetime) -> StoreHealth:
    waiting_since = row.oldest_waiting_at
    is_connected = store.status == StoreStatus.CONNECTED
    return StoreHealth(
        id=store.pk,
        name=store.name,
        platform=store.platform,
        url=store.url,
        status=store.status,
        currency=store.currency,
        timezone=store.timezone,
        created_at=store.created_at,
        webhook_url=webhook_url(store.platform, token) if token and is_connected else "",
        has_connection=token is not None,
        platform_name=name_platform(store.platform),
        pull_status=row.pull_status or "",
        pull_detail=row.pull_detail or "",
        fetch_detail=(row.fetch_detail or "") if is_connected else "",
        is_told_by_hand=not (store.platform in GUIDES and GUIDES[store.platform].makes_webhooks),
        can_pull=is_connected and token is not None and store.platform in PULLERS,
        can_compare=is_connected and token is not None and store.platform in AUDITORS,
        last_event_at=row.last_event_at,
        stock_told_at=store.stock_told_at,
        waiting_since=waiting_since,
        lag_seconds=max(0, int((now - waiting_since).total_seconds())) if waiting_since else 0,
        counts={str(status): getattr(row, status) for status in DeliveryStatus},
    )


def list_sightings(*, limit: int = 5) -> list[Sighting]:
    """Return the newest requests of the tracking API, newest first."""
    store_id = find_api_store()
    if store_id is None:
        return []
    newest = InboxDelivery.objects.filter(store_id=store_id).order_by("-pk")[:SEEN_FROM]
    tracked = [row for row in newest if row.source == DeliverySource.TRACKING][:limit]
    return [
        read_sighting(
            bytes(row.body),
            row.headers,
            row.received_at,
            topic=row.topic,
            status=row.status,
            reason=row.reason,
        )
        for row in tracked
    ]


def list_days(store_id: int, *, limit: int = DAYS_SHOWN) -> list[DayLine]:
    """Return the last days on which a store was compared with its platform, newest first."""
    found = StoreDay.objects.filter(store_id=store_id).defer("progress").order_by("-day")[:limit]
    return [describe_day(row) for row in found]


def list_different_days() -> list[StoreDay]:
    """Return the days that are not as the platforms have them, with their stores, newest first."""
    found = StoreDay.objects.filter(status__in=[DayStatus.DIFFERENT, DayStatus.FAILED])
    return list(found.select_related("store").defer("progress").order_by("store_id", "-day"))
