"""Live membership: what events change is decided at once, for the changed profiles only."""

from collections.abc import Collection, Sequence

from django.db import transaction

from crm.types import EventRef
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql
from segments.choices import Cause
from segments.queries.conditions import list_definitions
from segments.services.memberships import Why, decide_memberships, of_profiles
from segments.services.rfm import score_changed
from segments.services.upkeep import lock_upkeep, note_changed
from segments.services.waiting import ALWAYS, FIGURES, events_heard
from segments.types import ChangeCause


@transaction.atomic(savepoint=False)
def refresh_for_events(refs: list[EventRef]) -> None:
    """Score and decide anew the profiles in a batch of events.

    Entries and exits become events themselves, which this handler does not hear. A repeat finds
    no difference and writes nothing.

    Args:
        refs: events of the active tenant; those without a profile, and those that no definition
            depends on, are left out.
    """
    causes = _causes(_touching(refs))
    if not causes:
        return
    upkeep = lock_upkeep()
    now = clock.now()
    history = {key for key, cause in causes.items() if cause.is_history}
    moved = {ref.profile_id for ref in refs if ref.name in FIGURES}
    score_changed([key for key in sorted(causes) if key in moved], now, history_ids=history)
    decide_memberships(of_profiles(sorted(causes)), now, Why(ChangeCause(Cause.EVENT), causes))
    buyers = {ref.profile_id for ref in refs if ref.name == "Order Placed"}
    cause = Cause.IMPORT if history else Cause.REFERENCE
    note_changed(upkeep, len(buyers), cause=cause, now=now)


def counted_names(names: Collection[str]) -> set[str]:
    """Return those of some names of events that a definition may count; no definition is read."""
    rows = run_sql("segments.find_counted_names", names=array(sorted(names)))
    return {row.name for row in rows}


def _touching(refs: Sequence[EventRef]) -> list[EventRef]:
    """Return the events that can change a membership."""
    if all(ref.name in ALWAYS for ref in refs):
        return list(refs)
    heard = events_heard(list_definitions().values())
    return [ref for ref in refs if ref.name in heard]


def _causes(refs: Sequence[EventRef]) -> dict[int, ChangeCause]:
    """Return for each profile the newest event of its batch, live ones before history."""
    newest: dict[int, EventRef] = {}
    for ref in refs:
        if ref.profile_id is None:
            continue
        known = newest.setdefault(ref.profile_id, ref)
        if (not ref.is_backfill, ref.event_id) > (not known.is_backfill, known.event_id):
            newest[ref.profile_id] = ref
    return {key: _cause(ref) for key, ref in newest.items()}


def _cause(ref: EventRef) -> ChangeCause:
    if ref.name == "Profile Merged":
        word = Cause.MERGE
    else:
        word = Cause.IMPORT if ref.is_backfill else Cause.EVENT
    return ChangeCause(word, ref.event_id, ref.name, ref.is_backfill)
