"""What an import did to each thing, kept for 30 days so that it can be undone."""

import json
from collections.abc import Sequence
from datetime import timedelta

from crm.services.erasure import AFTER_ERASE
from crm.services.snapshots import MERGE
from crm.types import Change
from imports.models import Import
from kernel.arrays import array, columns
from kernel.sql import count_sql, run_sql

KEEP = timedelta(days=30)
CLEAR_ROWS = 20_000


def note_changes(source: Import, changes: Sequence[Change]) -> None:
    """Keep what a batch did, in its transaction."""
    if not changes:
        return
    rows = [
        (
            each.kind,
            each.object_id,
            each.profile_id,
            None if each.before is None else dict(each.before),
            dict(each.after),
        )
        for each in changes
    ]
    params = columns("kinds object_ids profile_ids befores afters", rows)
    run_sql("imports.note_changes", source_id=source.pk, **params)


def next_changes(source: Import, kind: str, *, after: int, count: int) -> list[Change]:
    """Return the next things of a kind; merges are taken in small numbers, they move rows apart."""
    rows = run_sql(
        "imports.next_changes",
        source_id=source.pk,
        kind=kind,
        after=after,
        count=max(1, count // 20) if kind == MERGE else count,
    )
    return [
        Change(
            kind,
            row.object_id,
            row.profile_id,
            None if row.before is None else json.loads(row.before),
            json.loads(row.after),
        )
        for row in rows
    ]


def note_kept(source: Import, kind: str, kept: dict[int, str]) -> None:
    """Keep why things were left as they are."""
    if kept:
        params = columns("object_ids reasons", sorted(kept.items()))
        run_sql("imports.note_kept", source_id=source.pk, kind=kind, **params)


def clear_changes(source: Import) -> bool:
    """Delete the next changes; says whether there may be more."""
    return count_sql("imports.clear_changes", source_id=source.pk, count=CLEAR_ROWS) > 0


def forget_people(profile_ids: Sequence[int]) -> None:
    """Forget what erased people, and their orders, were before an import."""
    count_sql("imports.forget_changes", profile_ids=array(profile_ids))


def register() -> None:
    """Listen to erasures; called once, when the apps are loaded."""
    AFTER_ERASE.append(forget_people)
