"""Tags of profiles: given, taken away, and heard by segments."""

from collections.abc import Iterable, Sequence

from django.db import transaction

from crm.choices import EventSource
from crm.domain.tags import clean_tags
from crm.services.events import append_events
from crm.types import NewEvent
from kernel import clock
from kernel.arrays import array
from kernel.sql import run_sql
from tenants.services import audit


@transaction.atomic
def change_tags(
    profile_ids: Iterable[int],
    *,
    added: Iterable[str] = (),
    removed: Iterable[str] = (),
    actor: str,
    is_backfill: bool = False,
) -> list[int]:
    """Add tags to profiles and take others away, any number in a handful of statements.

    Each profile that really changed gets an event, which its segments hear. A repeat changes
    nothing.

    Args:
        profile_ids: merged, erased and unknown ones are left out.
        added: tags to give, as people write them.
        removed: tags to take away; one that is in both is taken away.
        actor: e-mail address of the member, or ``key:<hint>``.
        is_backfill: history, such as a list out of a file: it starts no flow.

    Returns:
        Ids of the profiles whose tags changed.
    """
    gone = clean_tags(removed)
    new = [tag for tag in clean_tags(added) if tag not in gone]
    ids = sorted(set(profile_ids))
    if not ids or not (new or gone):
        return []
    now = clock.now()
    if new:
        run_sql("crm.note_tags", names=array(new))
    rows = run_sql(
        "crm.change_tags", ids=array(ids), added=array(new), removed=array(gone), now=now
    )
    changed = sorted(row.id for row in rows)
    append_events(
        [
            NewEvent(
                name="Tags Changed",
                occurred_at=now,
                source=EventSource.SYSTEM,
                profile_id=profile_id,
                object_id=profile_id,
                properties={"added": new, "removed": gone, "by": actor},
                is_backfill=is_backfill,
            )
            for profile_id in changed
        ],
        now=now,
    )
    return changed


@transaction.atomic
def tag_person(
    profile_id: int, *, added: Sequence[str] = (), removed: Sequence[str] = (), actor: str
) -> bool:
    """Change the tags of one profile and note it in the audit trail; says whether it changed."""
    changed = change_tags([profile_id], added=added, removed=removed, actor=actor)
    if changed:
        audit.record(
            "profile.tagged",
            "profile",
            profile_id,
            after={"added": list(added), "removed": list(removed)},
            actor=actor,
        )
    return bool(changed)
