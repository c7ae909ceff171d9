"""Who still takes an interest, for many at once."""

from collections.abc import Collection
from datetime import datetime

from kernel.arrays import array
from kernel.sql import run_sql


def find_engaged(profile_ids: Collection[int], since: datetime) -> set[int]:
    """Return those of some people who opened, clicked, visited or bought since a time."""
    rows = run_sql("crm.find_engaged", profile_ids=array(profile_ids), since=since)
    return {row.profile_id for row in rows}
