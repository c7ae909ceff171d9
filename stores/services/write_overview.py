"""What is written to stores and how it stands, for pages and notices."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from crm.choices import StoreStatus
from crm.queries.store_customers import count_store_customers, name_customers
from kernel.sql import run_sql
from stores.choices import WriteKind, WriteState
from stores.domain.write_words import describe_value
from stores.models import StoreWrite
from stores.platforms import METAFIELDS, WRITERS
from stores.queries import list_stores

CEILING: Final = 10_000
"""Counts stop here; a page writes 10,000+."""
SHOWN: Final = 20
LOOKED_AT: Final = 200
"""Refused things among which those of one segment are looked for."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """One kind of things that can be written to a store.

    Attributes:
        options: ``prefix`` of tags, ``fields`` of figures.
        is_filling: whether people are still looked through since it was switched on.
        detail: why it rests, for people, without a full stop; empty where it goes on.
        waiting, refused: at most the ceiling.
        sent_at: when something was last written; None for never.
        scope: what the credential must allow.
        takes_metafields: whether a segment can be a metafield of customers there.
    """

    store_id: int
    store_name: str
    kind: str
    is_on: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    is_filling: bool = False
    detail: str = ""
    waiting: int = 0
    refused: int = 0
    sent_at: datetime | None = None
    scope: str = ""
    takes_metafields: bool = False

    @property
    def label(self) -> str:
        """What it is called on pages."""
        return str(WriteKind(self.kind).label)

    @property
    def rests(self) -> str:
        """How a sentence begins that says that it rests."""
        return f"Writing {self.label.lower()}"


@dataclass(frozen=True, slots=True)
class WriteLine:
    """One thing that was written, or was refused.

    Attributes:
        who: name of the customer, or the code.
        profile_id: None for a code, and for a customer who is not known any more.
        at: when it was written last, or wished.
    """

    kind: str
    label: str
    who: str
    profile_id: int | None
    words: str
    reason: str
    at: datetime | None


def can_be_written(platform: str) -> bool:
    """Say whether stores of a platform are written to."""
    return platform in WRITERS


def list_lanes(store_id: int, platform: str, name: str) -> list[LaneState]:
    """Return what can be written to a store, the most urgent first; also what is off."""
    writer = WRITERS.get(platform)
    found = {lane.kind: lane for lane in _read(store_id)}
    return [
        found.get(kind) or LaneState(store_id, name, str(kind), scope=writer.scopes[kind])
        for kind in WriteKind
        if writer is not None and kind in writer.scopes
    ]


def list_tagging() -> list[LaneState]:
    """Return how every store that can be told of segments is told of them, by name; also off."""
    found = {lane.store_id: lane for lane in _read(None) if lane.kind == WriteKind.SEGMENTS}
    return [
        replace(
            found.get(store.pk) or LaneState(store.pk, store.name, str(WriteKind.SEGMENTS)),
            scope=_scope_of(store.platform),
            takes_metafields=store.platform in METAFIELDS,
        )
        for store in list_stores()
        if store.status == StoreStatus.CONNECTED and _scope_of(store.platform)
    ]


def list_refused_members(store_id: int, tag: str) -> list[WriteLine]:
    """Return the customers among the last that a store refused to give a tag of a segment."""
    rows = StoreWrite.objects.filter(
        lane__store_id=store_id, lane__kind=WriteKind.SEGMENTS, state=WriteState.REFUSED
    )
    newest = rows.select_related("lane").order_by("-pk")[:LOOKED_AT]
    return _lines(store_id, [row for row in newest if tag in row.value.get("tags", ())][:SHOWN])


def _scope_of(platform: str) -> str:
    writer = WRITERS.get(platform)
    return "" if writer is None else writer.scopes.get(WriteKind.SEGMENTS, "")


def list_troubles() -> list[LaneState]:
    """Return the lanes of the active tenant that rest, or of which something was refused."""
    return [lane for lane in _read(None) if lane.is_on and (lane.detail or lane.refused)]


def count_people(store_id: int) -> int:
    """Return to how many customers of a store something may be written, at most the ceiling."""
    return count_store_customers(store_id, ceiling=CEILING)


def list_sent(store_id: int) -> list[WriteLine]:
    """Return what was written to a store last."""
    rows = StoreWrite.objects.filter(lane__store_id=store_id, sent_at__isnull=False)
    return _lines(store_id, rows.select_related("lane").order_by("-sent_at")[:SHOWN])


def list_refused(store_id: int) -> list[WriteLine]:
    """Return what a store refused, the newest first."""
    rows = StoreWrite.objects.filter(lane__store_id=store_id, state=WriteState.REFUSED)
    return _lines(store_id, rows.select_related("lane").order_by("-pk")[:SHOWN])


def _lines(store_id: int, rows: Sequence[StoreWrite] | Any) -> list[WriteLine]:
    found = list(rows)
    people = [row.subject for row in found if row.lane.kind != WriteKind.CODES]
    names = name_customers(store_id, people) if people else {}
    return [
        WriteLine(
            kind=row.lane.kind,
            label=row.lane.get_kind_display(),
            who=names[row.subject][1] if row.subject in names else _call(row),
            profile_id=names[row.subject][0] if row.subject in names else None,
            words=describe_value(row.lane.kind, row.value),
            reason=row.reason,
            at=row.sent_at or row.wished_at,
        )
        for row in found
    ]


def _call(row: StoreWrite) -> str:
    is_code = row.lane.kind == WriteKind.CODES
    return str(row.value.get("code", row.subject)) if is_code else f"Customer {row.subject}"


def _read(store_id: int | None) -> list[LaneState]:
    rows = run_sql("stores.list_write_lanes", store_id=store_id, ceiling=CEILING)
    return [
        LaneState(
            store_id=row.store_id,
            store_name=row.store_name,
            kind=row.kind,
            is_on=row.is_on,
            options=_options(row.options),
            is_filling=row.is_filling,
            detail=row.detail,
            waiting=row.waiting,
            refused=row.refused,
            sent_at=row.sent_at,
        )
        for row in rows
        if row.store_status == StoreStatus.CONNECTED
    ]


def _options(found: Any) -> dict[str, Any]:
    return dict(found) if isinstance(found, dict) else dict(json.loads(found))
