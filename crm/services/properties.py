"""Properties of profiles that Patron itself writes: many at once, heard by segments."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from crm.choices import EventSource
from crm.models import Profile
from crm.services.events import append_events
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array, columns
from kernel.sql import run_sql


@dataclass(frozen=True, slots=True)
class PropertyWrite:
    """What becomes of the properties of one profile; others stay."""

    profile_id: int
    written: Mapping[str, Any] = field(default_factory=dict)
    removed: Collection[str] = ()


def lock_profiles(profile_ids: Iterable[int]) -> None:
    """Be the only one who writes some profiles until the commit; in the order of their keys."""
    wanted = sorted(set(profile_ids))
    if wanted:
        run_sql("crm.lock_profiles", ids=array(wanted))


def read_properties(profile_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the properties of some profiles; merged and erased ones are left out."""
    rows = Profile.objects.filter(pk__in=set(profile_ids), merged_into=None, erased_at=None)
    return dict(rows.values_list("pk", "properties"))


@transaction.atomic
def change_properties(writes: Sequence[PropertyWrite], *, actor: str) -> list[int]:
    """Write properties, one write for each profile, in a handful of statements.

    Each profile that really changed gets an event, which its segments hear. A repeat changes
    nothing.

    Args:
        writes: those of merged, erased and unknown profiles are left out.
        actor: who does it, such as ``flow:12``.

    Returns:
        Ids of the profiles that changed.
    """
    if not writes:
        return []
    now = clock.now()
    rows = [(each.profile_id, dict(each.written), sorted(each.removed)) for each in writes]
    written = run_sql("crm.change_properties", now=now, **columns("ids writes removes", rows))
    changed = sorted(row.id for row in written)
    names = {each.profile_id: sorted({*each.written, *each.removed}) for each in writes}
    append_events(
        [
            NewEvent(
                name="Profile Updated",
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=profile_id,
                object_id=profile_id,
                properties={"changed": names[profile_id], "by": actor},
            )
            for profile_id in changed
        ],
        now=now,
    )
    return changed
