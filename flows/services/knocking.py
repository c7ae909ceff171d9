"""Runs that no event of the outside starts: each person gets an event, and enters by it.

So every entry, by whatever trigger, passes one pipeline, is explained by one table, and carries
what started it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from crm.choices import EventSource
from crm.services.events import append_events
from crm.types import NewEvent
from flows.services.enrolment import enter
from flows.types import Attempt


@dataclass(frozen=True, slots=True)
class NewStart:
    """One person who shall enter one flow.

    Attributes:
        name: of the event, one of `flows.domain.starts.OWN_STARTS`.
        at: aware; when it happened that starts the run.
        key: what makes it once for ever: the same start is never tried twice.
        properties: what the run and its messages know of it.
        store_id: the shop that it is about; None for none.
    """

    name: str
    flow_id: int
    profile_id: int
    at: datetime
    key: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    store_id: int | None = None


def name_day(at: datetime, zone: tzinfo) -> str:
    """Return the day on which something happened, for a key by which it is told once on one.

    Args:
        at: aware.
        zone: of the tenant.
    """
    return f"{at.astimezone(zone):%Y-%m-%d}"


def start_runs(starts: Sequence[NewStart]) -> list[Attempt]:
    """Let people knock at flows, in the caller's transaction, and return what became of each.

    Who was tried before by the same key, is unknown, or whose flow is not live, is left out.
    """
    events = [
        NewEvent(
            name=start.name,
            occurred_at=start.at,
            source=EventSource.SYSTEM,
            profile_id=start.profile_id,
            store_id=start.store_id,
            object_id=start.flow_id,
            properties=start.properties,
            dedupe_key=start.key,
            is_quiet=True,
        )
        for start in starts
    ]
    return enter(append_events(events))
