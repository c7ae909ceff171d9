"""What the parts of one ingest share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from crm.types import NewEvent, NewTouch

R = TypeVar("R")
NEW, UPDATED, UNCHANGED = "new", "updated", "unchanged"


@dataclass(frozen=True, slots=True)
class Item(Generic[R]):
    """A record and its place in the batch."""

    index: int
    record: R


@dataclass(slots=True)
class Batch:
    """One call of `crm.services.ingest.apply_records` and what it has found out so far.

    Attributes:
        platform: the store's software.
        currency, zone, country: the tenant's.
        outcomes: by place of the record; empty until known.
        events: what shall be appended at the end, profiles resolved.
        stale: profiles whose facts change without any event of theirs.
        refunded: orders whose refunds may sum up to something else now.
        regrouped: products whose brand changed, or that gave lines their category.
        goods: products that are new, or of which something was told.
        has_stock: whether the store said how much is left of anything.
        touches: where visits came from.
        unveiled: profiles that were anonymous and are known now: facts are kept from then on.
        seen: when profiles were last on the site or in the app.
    """

    store_id: int
    platform: str
    currency: str
    zone: str
    country: str
    source: str
    is_backfill: bool
    now: datetime
    outcomes: list[str]
    events: list[NewEvent] = field(default_factory=list)
    stale: set[int] = field(default_factory=set)
    refunded: set[int] = field(default_factory=set)
    regrouped: set[int] = field(default_factory=set)
    goods: set[int] = field(default_factory=set)
    has_stock: bool = False
    seen: dict[int, datetime] = field(default_factory=dict)
    touches: list[NewTouch] = field(default_factory=list)
    unveiled: set[int] = field(default_factory=set)

    def reject(self, index: int, reason: str) -> None:
        """Note that a record was refused."""
        self.outcomes[index] = f"rejected: {reason}"

    def add_event(
        self,
        name: str,
        occurred_at: datetime,
        *,
        profile_id: int | None,
        object_id: int | None,
        properties: dict[str, Any] | None = None,
        dedupe_key: str = "",
    ) -> None:
        """Note an event of this store and source."""
        self.events.append(
            NewEvent(
                name=name,
                occurred_at=occurred_at,
                source=self.source,
                profile_id=profile_id,
                store_id=self.store_id,
                object_id=object_id,
                properties=properties or {},
                is_backfill=self.is_backfill,
                dedupe_key=dedupe_key,
            )
        )

    def hush(self) -> None:
        """Let nobody react to the event that was noted last."""
        self.events[-1] = replace(self.events[-1], is_quiet=True)

    def call_first(self) -> None:
        """Say of the event that was noted last that its person was never seen before."""
        self.events[-1] = replace(self.events[-1], is_first=True)

    def newest(self, items: Iterable[Item[R]], key: Callable[[R], str]) -> dict[str, Item[R]]:
        """Keep of several records of one object the newest; the others end as unchanged.

        Of two equally new ones the later in the batch wins.
        """
        kept: dict[str, Item[R]] = {}
        for item in items:
            name = key(item.record)
            other = kept.get(name)
            if other is None:
                kept[name] = item
            elif _version(item) >= _version(other):
                self.outcomes[other.index] = UNCHANGED
                kept[name] = item
            else:
                self.outcomes[item.index] = UNCHANGED
        return kept


def _version(item: Item[Any]) -> datetime:
    version: datetime = item.record.version_at
    return version
