"""What is received: every event with its times, volume and health, and what is in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from analytics.domain.health import ALARMS, Health
from analytics.models import EventCount, EventHealth
from analytics.queries.usage import Usage, Use, find_usage
from crm.choices import StoreStatus
from crm.models import Event, Store
from kernel.sql import run_sql

MOST_NAMES: Final = 300
SAMPLE: Final = 200
"""Newest events of a name that are looked into for its properties."""
MOST_PROPERTIES: Final = 100
MAX_SHOWN: Final = 80
_OWN: Final = (
    *(
        "Profile ",
        "Segment ",
        "Message ",
        "Points ",
        "Loyalty ",
        "RFM ",
        "Consent ",
        "Tags ",
        "Note ",
        "Data ",
    ),
)
"""Names of what this product says itself: that there is none of it is no news of a store."""
_WORDS: Final = {
    Health.USUAL: "As usual",
    Health.SILENT: "Silent",
    Health.FEW: "Far fewer than usual",
    Health.MANY: "Far more than usual",
    Health.NEW: "Too new to judge",
    Health.RARE: "Too rare to judge",
}


@dataclass(frozen=True, slots=True)
class StoreVolume:
    """One event of one store: how many, and how that compares."""

    store_id: int
    store: str
    health: Health
    words: str
    day_count: int
    month_count: int
    window_count: int
    band: str
    window_from: datetime
    window_until: datetime
    since: datetime

    @property
    def is_alarming(self) -> bool:
        """Whether a person should look."""
        return self.health in ALARMS


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event name; ``stores`` by volume, none where only history is known."""

    name: str
    first_at: datetime
    last_at: datetime
    day_count: int
    month_count: int
    stores: Sequence[StoreVolume]
    uses: Sequence[Use]

    @property
    def is_alarming(self) -> bool:
        """Whether it is silent or far outside its band in a store."""
        return any(store.is_alarming for store in self.stores)


@dataclass(frozen=True, slots=True)
class ReceivedProperty:
    """One property of an event, as far as its newest ones show.

    Attributes:
        share: of the events looked at that have it, 0 to 1.
        kind: what its values are.
        example: the newest value, cut; empty for an empty one.
    """

    name: str
    share: float
    kind: str
    example: str
    uses: Sequence[Use]


def list_received() -> list[ReceivedEvent]:
    """Return every event name, those that need a look first, then by volume."""
    usage = find_usage()
    volumes = _volumes()
    rows = run_sql("analytics.list_event_names", count=MOST_NAMES)
    found = [
        _event(row.name, row.first_at, row.last_at, volumes.get(row.name, []), usage)
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.is_alarming, -one.month_count, one.name))


def list_alarms() -> list[tuple[str, StoreVolume]]:
    """Return the events that are silent or far outside their band, with their store, by name."""
    rows = list(EventHealth.objects.filter(health__in=ALARMS).order_by("name", "store_id"))
    stores = _find_stores() if rows else {}
    found = [(row.name, _volume(row, stores)) for row in rows]
    return [(name, volume) for name, volume in found if volume.is_alarming]


def counted_until() -> datetime | None:
    """Return up to which hour events are counted, or None before the first count."""
    return EventCount.objects.values_list("counted_until", flat=True).first()


def list_properties(name: str) -> list[ReceivedProperty]:
    """Return what the newest events of a name carry, the most frequent first."""
    newest = Event.objects.filter(name=name).order_by("-occurred_at", "-pk")
    sample = list(newest.values_list("properties", flat=True)[:SAMPLE])
    counts: dict[str, int] = {}
    values: dict[str, Any] = {}
    for properties in sample:
        for key, value in properties.items():
            counts[key] = counts.get(key, 0) + 1
            values.setdefault(key, value)
    usage = find_usage()
    ranked = sorted(counts, key=lambda key: (-counts[key], key))[:MOST_PROPERTIES]
    return [
        ReceivedProperty(
            name=key,
            share=counts[key] / len(sample),
            kind=_kind(values[key]),
            example=_shorten(values[key]),
            uses=usage.of_properties.get((name, key), ()),
        )
        for key in ranked
    ]


def _event(
    name: str,
    first_at: datetime,
    last_at: datetime,
    volumes: Sequence[StoreVolume],
    usage: Usage,
) -> ReceivedEvent:
    return ReceivedEvent(
        name=name,
        first_at=first_at,
        last_at=last_at,
        day_count=sum(volume.day_count for volume in volumes),
        month_count=sum(volume.month_count for volume in volumes),
        stores=volumes,
        uses=usage.of_events.get(name, ()),
    )


def _volumes() -> dict[str, list[StoreVolume]]:
    stores = _find_stores()
    found: dict[str, list[StoreVolume]] = {}
    for row in EventHealth.objects.order_by("name", "-month_count", "store_id"):
        found.setdefault(row.name, []).append(_volume(row, stores))
    return found


def _find_stores() -> dict[int, Store]:
    return {store.pk: store for store in Store.objects.all()}


def _volume(row: EventHealth, stores: Mapping[int, Store]) -> StoreVolume:
    store = stores.get(row.store_id)
    health = Health(row.health)
    # A store that is cut off is silent by intent, and what no store says says nothing of one.
    is_connected = store is not None and store.status == StoreStatus.CONNECTED
    is_judged = is_connected and not row.name.startswith(_OWN)
    if not is_judged and health in ALARMS:
        health = Health.RARE
    band = "" if row.usual is None else f"{row.low:,} to {row.high:,}"
    return StoreVolume(
        store_id=row.store_id,
        store=store.name if store else "",
        health=health,
        words=_WORDS[health] if is_judged else "Not judged",
        day_count=row.day_count,
        month_count=row.month_count,
        window_count=row.window_count,
        band=band,
        window_from=row.window_from,
        window_until=row.window_until,
        since=row.since,
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else "text"


def _shorten(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{len(value)} inside"
    text = "" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
