"""Events and their people as other software is told of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crm.models import Event, Profile
from crm.types import EventRef
from kernel.sql import run_kept

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What was recorded of an event."""

    store_id: int | None
    properties: dict[str, Any]


def read_events(refs: Collection[EventRef]) -> dict[int, EventFacts]:
    """Return what was recorded of events by id, in one statement; one that is gone is left out."""
    if not refs:
        return {}
    times = [ref.occurred_at for ref in refs]
    rows = Event.objects.filter(
        pk__in=[ref.event_id for ref in refs], occurred_at__range=(min(times), max(times))
    )
    found = rows.values_list("pk", "store_id", "properties")
    return {pk: EventFacts(store_id, properties) for pk, store_id, properties in found}


def find_event_years(now: datetime) -> tuple[datetime, datetime] | None:
    """Return the beginning of the first year with an event of the tenant and the end of the last.

    The year of the day after the present one is among them: what happens while a statement runs
    is seen by it at New Year too. History of a year before has reactions of its own.

    Args:
        now: aware.

    Returns:
        Aware, in UTC, as the parts of the table are cut; None without any event.
    """
    [row] = run_kept("crm.span_of_events")
    if row.first is None:
        return None
    last = max(row.last, (now + _DAY).astimezone(UTC))
    return datetime(row.first.year, 1, 1, tzinfo=UTC), datetime(last.year + 1, 1, 1, tzinfo=UTC)


def list_arrivals(profile_ids: Collection[int]) -> list[tuple[EventRef, datetime]]:
    """Return the `Profile Created` of people, each with when it was recorded; no history.

    Nobody reacts to one that came with an order, so who is told of people asks for it here.
    """
    rows = Event.objects.filter(
        name="Profile Created", profile_id__in=profile_ids, is_backfill=False
    )
    return [
        (
            EventRef(
                event_id=row.pk,
                name=row.name,
                occurred_at=row.occurred_at,
                profile_id=row.profile_id,
                object_id=row.object_id,
                is_backfill=False,
            ),
            row.recorded_at,
        )
        for row in rows
    ]


def read_people(profile_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return who people are, by profile id, in one statement; text that is not known is empty."""
    rows = Profile.objects.filter(pk__in=profile_ids)
    return {
        row.pk: {
            "id": str(row.pk),
            "email": row.email,
            "phone": row.phone,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "country": row.country,
            "locale": row.locale,
        }
        for row in rows
    }
