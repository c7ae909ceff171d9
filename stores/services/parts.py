"""Requests of the tracking API in the inbox: each call is applied, or put aside, by itself.

A call that cannot be applied becomes a delivery of its own, so that it has its reason and can be
retried, while the others of its request are applied.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crm.types import TrackedRecord
from kernel.arrays import columns
from kernel.sql import run_sql
from stores.choices import DeliveryStatus
from stores.domain import calls
from stores.domain.calls import Item, Json
from stores.errors import Untranslatable
from stores.platforms.tracking import read_envelope, translate_call
from stores.types import Delivery

TOPIC: Final = "tracking/"
SHARED: Final = ("sentAt", "context")
"""What a request says of all its calls."""

NOBODY: Final = (
    "its id is one that anybody may have, or of a device that several people use: kept without a "
    "profile"
)
ERASED: Final = "of somebody who was erased: left out"
ASIDE: Final = "put aside, each listed by itself"
KNOWN: Final = "known already"
REPEATED: Final = "repeated in the same request"


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a request that is to be applied.

    Attributes:
        place: among the calls of its request, from 0.
    """

    place: int
    record: TrackedRecord


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the tracking API, read."""

    delivery: Delivery
    payload: Json
    items: Sequence[Item]
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """What became of one call.

    Attributes:
        word: outcome of `crm.services.ingest`.
        refused: why it is put aside; empty when it was applied.
    """

    place: int
    word: str
    refused: str = ""


def is_history(delivery: Delivery) -> bool:
    """Say whether a request brings what happened before, which starts no flow."""
    return delivery.topic == TOPIC + calls.IMPORT


def read_request(delivery: Delivery) -> Request:
    """Return the calls of a request.

    Raises:
        Untranslatable: it cannot be read; the reason is for people.
    """
    call = delivery.topic.removeprefix(TOPIC)
    try:
        payload = json.loads(delivery.body, parse_constant=lambda _: None)
        items = calls.read_items(payload, call, len(delivery.body))
    except (ValueError, RecursionError, AttributeError) as exc:
        raise Untranslatable(f"The body is not a call: {exc}") from exc
    envelope = read_envelope(payload, delivery.received_at, is_history=is_history(delivery))
    parts = [
        Part(place, translate_call(item, envelope, unnamed_key=f"#{delivery.id}:{place}"))
        for place, item in enumerate(items)
        if item.is_taken
    ]
    return Request(delivery, payload, items, parts)


def settle_request(
    request: Request, outcomes: Sequence[PartOutcome], now: datetime, *, store_id: int
) -> tuple[DeliveryStatus, str]:
    """Put aside what could not be applied, and say what became of the request.

    Returns:
        Status and reason of its delivery.
    """
    refused = [outcome for outcome in outcomes if outcome.refused]
    if len(request.items) == 1 and refused:
        return DeliveryStatus.QUARANTINED, refused[0].refused
    if refused:
        _file_aside(request, refused, now, store_id=store_id)
    words = Counter(ASIDE if outcome.refused else outcome.word for outcome in outcomes)
    status = DeliveryStatus.APPLIED if request.parts else DeliveryStatus.IGNORED
    return status, _sum_up(request, words)


def _sum_up(request: Request, words: Mapping[str, int]) -> str:
    """Return a remark on a request; empty where nothing is remarkable."""
    total = len(request.items)
    known = words.get("unchanged", 0)
    counts = Counter(
        {
            ASIDE: words.get(ASIDE, 0),
            NOBODY: words.get("nobody", 0),
            ERASED: words.get("erased", 0),
            KNOWN: known if known == len(request.parts) else 0,
            REPEATED: sum(1 for item in request.items if item.is_repeated),
        }
    )
    counts.update(f"refused: {item.refused.detail}" for item in request.items if item.refused)
    found = [(count, text) for text, count in counts.items() if count]
    if total == 1:
        return "; ".join(text[0].upper() + text[1:] for _, text in found)
    return "; ".join(f"{count:,} of {total:,} {text}" for count, text in found)


def _file_aside(
    request: Request, refused: Sequence[PartOutcome], now: datetime, *, store_id: int
) -> None:
    delivery, payload = request.delivery, request.payload
    shared = {name: payload[name] for name in SHARED if name in payload}
    rows = [
        (
            f"track:{delivery.id}:{outcome.place}",
            json.dumps({**shared, "batch": [request.items[outcome.place].body]}),
            outcome.refused,
        )
        for outcome in refused
    ]
    run_sql(
        "stores.file_parts",
        store_id=store_id,
        topic=delivery.topic,
        source=delivery.source,
        headers=json.dumps(dict(delivery.headers)),
        received_at=delivery.received_at,
        now=now,
        **columns("ids bodies reasons", rows),
    )
