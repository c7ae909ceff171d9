"""Ids taken up front, and the profile that an id stands for today."""

from collections.abc import Collection, Iterable

from crm.services.repointing import BEFORE_LOCKING
from kernel.arrays import array
from kernel.sql import run_kept, run_sql


def allocate_ids(table_name: str, count: int) -> list[int]:
    """Take ``count`` new ids of a table of this app; gaps are harmless."""
    if not count:
        return []
    (row,) = run_sql("crm.allocate_ids", table_name=table_name, count=count)
    return list(row.ids)


def lock_final_profiles(profile_ids: Iterable[int]) -> dict[int, int]:
    """Return for each known id the profile that it stands for after merges.

    The rows are share-locked until the commit, so that no merge moves them meanwhile.
    """
    wanted = sorted(set(profile_ids))
    if not wanted:
        return {}
    rows = run_kept("crm.lock_final_profiles", ids=array(wanted))
    return {row.id: row.final_id for row in rows}


def lock_people(profile_ids: Collection[int]) -> list[int]:
    """Return whom many ids stand for today, each once, ascending; unknown ones are left out.

    All of them are locked as by `lock_final_profiles`, winners after those who were asked for.
    """
    if not profile_ids:
        return []
    wanted = sorted(set(profile_ids))
    [row] = run_kept("crm.lock_people", ids=array(wanted))
    lock_final_profiles(row.winners or ())
    return wanted if row.people is None else list(row.people)


def lock_for_merge(profile_ids: Iterable[int]) -> None:
    """Wait for everybody who writes rows of some profiles, and let later ones wait."""
    for hook in BEFORE_LOCKING:
        hook()
    run_sql("crm.lock_for_merge", ids=array(sorted(set(profile_ids))))
